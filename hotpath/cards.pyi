from hotpath.pure.cards import fields as fields
from hotpath.pure.cards import splice as splice
