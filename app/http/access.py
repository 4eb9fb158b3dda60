"""The access log: Common Log Format lines, as every tool that reads access logs expects them, on standard output.

Lines are gathered for a moment (`hotpath.notes`) and written at once: a write costs more than all else a line does.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final

from app.core.metrics import FALLBACKS, settle_soon
from app.http.logs import mask
from hotpath import notes

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

GATHERED_S: Final = 0.01  # what a process that is killed may have gathered in vain

Write = Callable[[bytes], object]


class AccessLog:
    """host ident user [time] "request" status bytes"""

    def __init__(self, write: Write | None = None) -> None:
        self._write = write or _to_stdout
        self.lines = notes.Lines(_common)

    def begun(self) -> None:
        """Must be called when `lines` has its first line."""
        asyncio.get_running_loop().call_later(GATHERED_S, self.settle)
        settle_soon(self)

    def settle(self) -> None:
        """Writes what was gathered. A log that can't be written stops nobody; it is counted."""
        lines = self.lines.take()
        if not lines:
            return
        try:
            self._write(lines)
        except OSError:
            FALLBACKS.labels("access-log").inc()


def request_line(method: str, path: str, http_version: str) -> bytes:
    """What stands between the quotes, with what must not be read masked and what would break the line escaped."""
    shown = mask(path.encode("unicode_escape").decode("ascii").replace('"', "%22"))
    return f"{method} {shown} HTTP/{http_version}".encode("ascii", "backslashreplace")


def _common(second: int) -> bytes:
    """The time as the format has it; the names of months are not the locale's."""
    at = time.gmtime(second)
    return b"%02d/%b/%04d:%02d:%02d:%02d +0000" % (
        at.tm_mday,
        _MONTHS[at.tm_mon - 1].encode(),
        at.tm_year,
        at.tm_hour,
        at.tm_min,
        at.tm_sec,
    )


def _to_stdout(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()
