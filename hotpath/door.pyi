from hotpath.pure.door import ABANDONED as ABANDONED
from hotpath.pure.door import LIMITS_KEPT as LIMITS_KEPT
from hotpath.pure.door import Answer as Answer
from hotpath.pure.door import Door as Door
from hotpath.pure.door import Fields as Fields
from hotpath.pure.door import fields_of as fields_of
