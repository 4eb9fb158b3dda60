from hotpath.pure.notes import Lines as Lines
from hotpath.pure.notes import Series as Series
