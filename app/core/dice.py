"""Random bytes, drawn from the system many at once: a system call costs more than the few that are wanted."""

import os
from typing import Final

DRAWN: Final = 4096


class Dice:
    """Bytes fit for secrets, each given out once. Not for use after a fork, where two would give the same."""

    def __init__(self) -> None:
        self._bytes = b""
        self._given = 0

    def draw(self, count: int) -> bytes:
        """So many bytes, at most 4096."""
        given = self._given
        end = self._given = given + count
        if end > len(self._bytes):
            self._bytes, self._given = os.urandom(DRAWN), count
            return self._bytes[:count]
        return self._bytes[given:end]
