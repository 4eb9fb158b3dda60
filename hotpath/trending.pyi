from hotpath.pure.trending import rank_key as rank_key
from hotpath.pure.trending import score as score
from hotpath.pure.trending import threshold as threshold
from hotpath.pure.trending import top as top
