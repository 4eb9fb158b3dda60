from hotpath.pure.seen import GENERATION_ITEMS as GENERATION_ITEMS
from hotpath.pure.seen import GENERATION_MS as GENERATION_MS
from hotpath.pure.seen import MARK_BYTES as MARK_BYTES
from hotpath.pure.seen import add as add
from hotpath.pure.seen import contains as contains
from hotpath.pure.seen import empty as empty
from hotpath.pure.seen import marks as marks
from hotpath.pure.seen import sizes as sizes
