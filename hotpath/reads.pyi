from hotpath.pure.reads import HEADERS_KEPT as HEADERS_KEPT
from hotpath.pure.reads import Read as Read
from hotpath.pure.reads import Trips as Trips
