"""The log of one process: appended to by it, bounded by us.

A program keeps its log open for as long as it runs, so the file is cut in place: its content is copied to `name.log.1`
(one generation) and the file emptied. Lines written between those two steps are lost.
"""

import os
import shutil
from pathlib import Path
from typing import IO

MAX_BYTES = 20 * 2**20
TAIL_BYTES = 4096


class LogFile:
    """`folder/name.log`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"

    def open(self) -> IO[bytes]:
        """Opened for appending, which survives `cut`."""
        self.cut()
        return self.path.open("ab")

    def cut(self) -> None:
        """Moves the content aside once it has outgrown MAX_BYTES."""
        if self.path.exists() and self.path.stat().st_size > MAX_BYTES:
            shutil.copyfile(self.path, self.path.with_suffix(".log.1"))
            os.truncate(self.path, 0)

    def tail(self, lines: int) -> str:
        """The last `lines` lines, at most TAIL_BYTES."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as log:
            log.seek(max(0, self.path.stat().st_size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
        return "\n".join(text.rstrip().splitlines()[-lines:])
