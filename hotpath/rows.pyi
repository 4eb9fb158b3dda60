from hotpath.pure.rows import Rows as Rows
from hotpath.pure.rows import texts as texts
