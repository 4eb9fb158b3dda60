from hotpath.pure.templates import HOLES as HOLES
from hotpath.pure.templates import VALUES as VALUES
from hotpath.pure.templates import Template as Template
