from hotpath.pure.fanout import encode as encode
from hotpath.pure.fanout import pack as pack
from hotpath.pure.fanout import pack_all as pack_all
