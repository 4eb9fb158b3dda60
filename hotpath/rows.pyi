from hotpath.pure.rows import Rows as Rows
from hotpath.pure.rows import optional_texts as optional_texts
from hotpath.pure.rows import texts as texts
