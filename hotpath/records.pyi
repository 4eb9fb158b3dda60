from hotpath.pure.records import COUNTS as COUNTS
from hotpath.pure.records import MEDIA as MEDIA
from hotpath.pure.records import PLACE as PLACE
from hotpath.pure.records import VIDEO as VIDEO
from hotpath.pure.records import make as make
