"""The cores, and the CPU time that processes have used, from the kernel's own accounting.

Servers under measurement have one core to themselves; everything else (PostgreSQL, Valkey, wrk, this process) has the
other. On a machine with more than two, the rest stays idle.
"""

import os

import psutil

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class TooFewCores(Exception):
    """One sentence."""


def cores() -> tuple[int, int]:
    """The core of the servers and that of everything else."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise TooFewCores("Servers are measured on a core of their own: this takes a machine with two.")
    return allowed[0], allowed[1]


def stand_aside(core: int) -> None:
    """Keeps this process, and what it starts from now on, to `core`."""
    os.sched_setaffinity(0, {core})


def cpu_s(pid: int) -> float:
    """CPU seconds of a living process and all its descendants, exited threads included (utime + stime of proc(5))."""
    root = psutil.Process(pid)
    return sum(_own_cpu_s(process.pid) for process in (root, *root.children(recursive=True)))


def resident_bytes(pid: int) -> int:
    """The memory of the largest process among `pid` and its descendants: the worker of a server."""
    root = psutil.Process(pid)
    return max(int(process.memory_info().rss) for process in (root, *root.children(recursive=True)))


def _own_cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
