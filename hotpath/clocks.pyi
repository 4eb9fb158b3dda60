from hotpath.pure.clocks import Ahead as Ahead
from hotpath.pure.clocks import monotonic_ms as monotonic_ms
from hotpath.pure.clocks import system_ms as system_ms
