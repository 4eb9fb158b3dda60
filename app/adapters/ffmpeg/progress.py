"""ffmpeg's `-progress` lines -> whole percents."""

from collections.abc import Callable

_LINE_LIMIT_BYTES = 4096


class Progress:
    """Feed it chunks of `key=value` lines; it reports each new percent of `frames` once, up to `most`."""

    def __init__(self, frames: int, report: Callable[[int], None], *, most: int) -> None:
        self._frames, self._report, self._most = frames, report, most
        self._rest = b""
        self._told = 0

    def feed(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-_LINE_LIMIT_BYTES:]
        for line in lines:
            key, _, value = line.partition(b"=")
            if key == b"frame" and value.strip().isdigit():
                self._tell(int(value) * self._most // self._frames)

    def _tell(self, percent: int) -> None:
        percent = min(percent, self._most)
        if percent > self._told:
            self._told = percent
            self._report(percent)
