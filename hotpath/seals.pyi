from hotpath.pure.seals import LONGEST_BODY as LONGEST_BODY
from hotpath.pure.seals import Seal as Seal
