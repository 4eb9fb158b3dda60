from hotpath.pure.fanout import encode as encode
