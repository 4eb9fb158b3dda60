"""Changes to a folder that survive a power cut: whole or not at all. All of it blocks; `threads` carries it.

A file is written aside, made durable (fsync), then renamed to where it is looked for, and the folder that now lists
it is made durable too. What is removed is first renamed away: being killed half-way leaves only what a sweep finds.
"""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

READ_ONLY: Final = 0o444  # objects never change, not even by mistake
PRIVATE: Final = 0o700
_NO_LINK: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP})


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock at `path` against all threads and processes; the kernel frees it when its holder dies."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Makes `folder` and those above it, durably."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        with suppress(FileExistsError):  # another process makes the same one
            new.mkdir(mode=PRIVATE)
        sync_folder(new.parent)


def publish(aside: Path, path: Path) -> None:
    """Renames a finished, durable file to `path`, in place of what was there."""
    make_folder(path.parent)
    aside.replace(path)
    sync_folder(path.parent)


def move_away(path: Path, to: Path) -> None:
    """Renames a file or folder out of sight; nothing happens if it isn't there."""
    try:
        path.rename(to)
    except (FileNotFoundError, NotADirectoryError):
        return
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Removes a file or a whole folder that nobody looks for any more; it may be gone, or others be at it as well."""
    try:
        path.unlink()
    except FileNotFoundError:
        return
    except IsADirectoryError:
        shutil.rmtree(path, onerror=_gone_is_fine)


def adopt(source: Path, size_bytes: int, to: Path) -> bool:
    """Makes `to` a durable, read-only copy of a plain file, a link where that is possible. False if `source` is
    missing, anything but a plain file, or of another size."""
    try:
        found = source.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_size != size_bytes:
        return False
    if found.st_uid == os.geteuid():
        link_or_copy(source, to)
    else:  # another owner's file can't be made read-only
        shutil.copyfile(source, to)
    handle = os.open(to, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fchmod(handle, READ_ONLY)
        os.fsync(handle)
    finally:
        os.close(handle)
    return True


def link_or_copy(source: Path, to: Path) -> None:
    """A second name for the file, a copy where the filesystem gives none. `to` must not exist: it might itself be a
    link, and writing into it would change an object."""
    try:
        os.link(source, to)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copyfile(source, to)


def copy_range(source: int, to: int, size_bytes: int) -> None:
    """Appends the first bytes of an open file to another inside the kernel. EOFError if there are fewer."""
    offset = 0
    while offset < size_bytes:
        sent = os.sendfile(to, source, offset, size_bytes - offset)
        if sent == 0:
            raise EOFError(f"{size_bytes - offset} bytes are missing")
        offset += sent


def free_bytes(folder: Path) -> int:
    """Room that this user may still fill."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _gone_is_fine(_function: Any, _path: str, info: tuple[type[BaseException], BaseException, Any]) -> None:
    if not issubclass(info[0], FileNotFoundError):
        raise info[1]
