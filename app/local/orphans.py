"""What a supervisor that was killed left running, and ending it.

Only the holder of the data folder's lock may look: then no living supervisor owns these processes.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.core.datafolder import DataFolder
from app.local.errors import LocalError
from app.local.program import SUPERVISED, wait_until

# Most have been asked by the kernel already (launch.py); those whose parent was another child have not. SIGQUIT is
# PostgreSQL's immediate shutdown, which loses nothing: it replays its log at the next start.
ESCALATION = ((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def clear(data: DataFolder, pause: Callable[[float], None]) -> None:
    """Returns when none is left. Raises LocalError naming those that won't end."""
    for number, timeout_s in ESCALATION:
        for pid in find(data):
            with suppress(ProcessLookupError):  # it ended by itself
                os.kill(pid, number)
        if wait_until(lambda: not find(data), timeout_s, pause):
            return
    left = ", ".join(str(pid) for pid in find(data))
    raise LocalError(f"Processes of an earlier run won't end: {left}.")


def find(data: DataFolder) -> list[int]:
    """Pids of living processes started for this data folder, by their mark or by where they stand."""
    mark = f"{SUPERVISED}={data.root}".encode()
    return [pid for pid in _others() if _belongs(pid, mark, data)]


def in_folder(folder: Path, program: str) -> list[int]:
    """Pids of living `program` processes whose current folder is `folder`."""
    return [pid for pid in _others() if _stands_in(pid, folder, program)]


def _others() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _belongs(pid: int, mark: bytes, data: DataFolder) -> bool:
    # PostgreSQL writes its title over its environment, so it is known by its folder.
    return _stands_in(pid, data.cluster, "postgres") or mark in _environment(pid)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # gone meanwhile, or another user's
        return []


def _stands_in(pid: int, folder: Path, program: str) -> bool:
    try:
        here, binary = os.readlink(f"/proc/{pid}/cwd"), os.readlink(f"/proc/{pid}/exe")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return here == os.path.realpath(folder) and Path(binary).name == program
