from hotpath.pure.order import Mark as Mark
from hotpath.pure.order import blend as blend
from hotpath.pure.order import diversify as diversify
