"""The data folder on disk: made, checked and locked before anything is started in it.

`claim` gives the folder to this process alone. What can be wrong with it is found here, in one sentence each: another
Kinora is using it, a newer Kinora made it, its path is too long for a socket, its disk is full, it can't be written.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.datafolder import APP_ROLE, DATABASE, MIGRATOR_ROLE, DataFolder
from app.local.errors import LocalError

VERSION = 1  # of the layout; raise it together with the step that moves a folder up
MAX_SOCKET_PATH_BYTES = 107  # sun_path of unix(7) without its closing zero
MIN_FREE_BYTES = 256 * 2**20  # PostgreSQL's folder when new (48 MB), a few WAL segments, logs and a first video
MIB = 2**20


@contextmanager
def claim(data: DataFolder) -> Iterator[None]:
    """Holds the folder's lock; the kernel frees it when this process ends, however it ends."""
    check_socket_paths(data)
    try:
        data.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(data.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocalError(f"The data folder {data.root} can't be used: {reason(error)}.") from error
    try:
        _lock(descriptor, data)
        _check_version(data)
        _check_free_space(data)
        _make_folders(data)
        yield
    finally:
        os.close(descriptor)


def check_socket_paths(data: DataFolder) -> None:
    """Raises LocalError if a socket below the folder could not be opened."""
    longest = max((data.postgres_socket, data.valkey_socket), key=lambda path: len(os.fsencode(path)))
    excess = len(os.fsencode(longest)) - MAX_SOCKET_PATH_BYTES
    if excess > 0:
        raise LocalError(
            f"The data folder's path {data.root} is {excess} bytes too long for a Unix socket: "
            "set KINORA_DATA to a shorter one."
        )


def reason(error: OSError) -> str:
    """What the system says about `error`, in lower case: `no space left on device`."""
    return (error.strerror or str(error)).lower()


def _lock(descriptor: int, data: DataFolder) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
        raise LocalError(
            f"Another Kinora (process {owner}) is using {data.root}: stop it, or set KINORA_DATA to another folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _check_version(data: DataFolder) -> None:
    if not data.version.exists():
        write_new(data.version, f"{VERSION}\n", 0o644)
    found = data.version.read_text().strip()
    if not found.isdecimal() or int(found) > VERSION:
        raise LocalError(
            f"The data folder {data.root} was made by a newer Kinora (layout {found[:20]}, this one knows {VERSION}): "
            "start that version, or set KINORA_DATA to another folder."
        )


def _check_free_space(data: DataFolder) -> None:
    free = shutil.disk_usage(data.root).free
    if free < MIN_FREE_BYTES:
        raise LocalError(
            f"The disk that holds {data.root} is full: {free // MIB} MB are free and Kinora needs "
            f"{MIN_FREE_BYTES // MIB} MB; free some space, or set KINORA_DATA to another disk."
        )


def _make_folders(data: DataFolder) -> None:
    for folder in (data.secrets, data.valkey, data.blobs, data.logs):
        folder.mkdir(mode=0o700, exist_ok=True)
    data.postgres.mkdir(mode=0o700, exist_ok=True)


def passwords(data: DataFolder) -> dict[str, str]:
    """The password of each database role, made at random the first time."""
    if not data.passfile.exists():
        lines = [f"*:*:{DATABASE}:{role}:{secrets.token_hex(32)}\n" for role in (MIGRATOR_ROLE, APP_ROLE)]
        write_new(data.passfile, "".join(lines), 0o600)
    fields = [line.split(":") for line in data.passfile.read_text().splitlines()]
    return {role: password for _, _, _, role, password in fields}


def write_new(path: Path, text: str, mode: int) -> None:
    """Writes a whole file or nothing: a crash leaves no half of it."""
    partial = path.with_name(path.name + ".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
