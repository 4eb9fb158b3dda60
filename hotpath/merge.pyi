from hotpath.pure.merge import merge as merge
