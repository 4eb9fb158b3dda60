from hotpath.pure.notes import KINDS as KINDS
from hotpath.pure.notes import Lines as Lines
from hotpath.pure.notes import Record as Record
from hotpath.pure.notes import Series as Series
