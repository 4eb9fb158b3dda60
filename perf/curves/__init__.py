"""How the cost of a For You page moves with one circumstance, a file a curve: for `make perf`, never gated."""

from collections.abc import Callable

from perf.curves import changes, connections, hits, processes
from perf.curves.point import Curve
from perf.servers.stage import Stage

CURVES: tuple[Callable[[Stage], Curve], ...] = (connections.curve, processes.curve, changes.curve, hits.curve)
