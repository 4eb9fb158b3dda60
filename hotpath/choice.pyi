from hotpath.pure.choice import Choice as Choice
from hotpath.pure.choice import categories as categories
