"""A file being written aside, hashed as it grows."""

import hashlib
import os
import threading
from pathlib import Path

from app.adapters.files import disk


class Spool:
    """Written by one step after the other, each in some thread.

    The mutex is for a request that is cancelled in mid-step: `discard` then waits for the thread that still writes,
    and never closes the file under it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self._md5 = hashlib.md5(usedforsecurity=False)  # the etag, as S3 makes it
        self._sha256 = hashlib.sha256()
        self._mutex = threading.Lock()
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes | bytearray) -> None:
        """Appends and hashes."""
        with self._mutex:
            self._md5.update(data)
            self._sha256.update(data)
            self.size_bytes += len(data)
            self._append(data)

    def write_trailer(self, data: bytes) -> None:
        """Appends what belongs neither to the content's size nor to its hashes."""
        with self._mutex:
            self._append(data)

    def append_from(self, source: int, size_bytes: int) -> None:
        """Appends the first bytes of an open file, unhashed."""
        with self._mutex:
            disk.copy_range(source, self._handle, size_bytes)
            self.size_bytes += size_bytes

    def finish(self) -> None:
        """Makes the file durable and read-only, and closes it."""
        with self._mutex:
            os.fchmod(self._handle, disk.READ_ONLY)
            os.fsync(self._handle)
            self._close()

    def discard(self) -> None:
        """Removes it, unless it was published; may be called at any time, more than once."""
        with self._mutex:
            self._close()
            self.path.unlink(missing_ok=True)

    @property
    def md5(self) -> bytes:
        return self._md5.digest()

    @property
    def sha256(self) -> bytes:
        return self._sha256.digest()

    def _append(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
