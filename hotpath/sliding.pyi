from hotpath.pure.sliding import MAX_ENTRIES as MAX_ENTRIES
from hotpath.pure.sliding import MAX_KEYS as MAX_KEYS
from hotpath.pure.sliding import SlidingLog as SlidingLog
