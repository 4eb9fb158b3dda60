from hotpath.pure.shelf import Entry as Entry
from hotpath.pure.shelf import Shelf as Shelf
