from hotpath.pure.readers import Reader as Reader
