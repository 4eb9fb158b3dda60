from hotpath.pure.queue import Queue as Queue
