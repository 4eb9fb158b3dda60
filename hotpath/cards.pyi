from hotpath.pure.cards import put as put
from hotpath.pure.cards import splice as splice
