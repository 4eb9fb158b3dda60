"""CPU time of the three parties of a delivery: this process, Valkey, PostgreSQL."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from app.adapters.redis.client import RedisClient
from app.core.datafolder import DataFolder
from perf.delivery.feed_costs import valkey_cpu_s

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """Seconds."""

    worker: float
    valkey: float
    postgres: float
    wall: float

    def since(self, before: "Cpu") -> "Cpu":
        return Cpu(
            self.worker - before.worker,
            self.valkey - before.valkey,
            self.postgres - before.postgres,
            self.wall - before.wall,
        )

    @property
    def all(self) -> float:
        """Of all three together."""
        return self.worker + self.valkey + self.postgres


class Meters:
    """Reads the three clocks."""

    def __init__(self, client: RedisClient, data: DataFolder) -> None:
        self._client = client
        self._postmaster = int((data.cluster / "postmaster.pid").read_text().splitlines()[0])

    async def read(self) -> Cpu:
        return Cpu(time.process_time(), await valkey_cpu_s(self._client), _tree_s(self._postmaster), time.monotonic())


def _tree_s(root: int) -> float:
    """CPU seconds of a process, its living children, and those it has waited for."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
        if int(folder.name) == root:
            total += sum(map(int, fields[11:15]))  # utime, stime, and both of children that ended
        elif int(fields[1]) == root:
            total += sum(map(int, fields[11:13]))
    return total / _TICKS_PER_S
