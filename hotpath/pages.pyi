from hotpath.pure.pages import page as page
from hotpath.pure.pages import visible as visible
