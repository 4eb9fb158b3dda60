from hotpath.pure.fanout import encode as encode
from hotpath.pure.fanout import pack as pack
