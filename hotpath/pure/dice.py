"""Random bytes, drawn from the system many at once: a system call costs more than the few that are wanted."""

import os
from binascii import hexlify
from collections.abc import Callable

DRAWN = 4096


class Dice:
    """Bytes fit for secrets, each given out once. Not for use after a fork, where two would give the same."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        """`source` gives as many bytes as it is asked for."""
        self._source = source
        self._bytes = b""
        self._given = 0

    def draw(self, count: int) -> bytes:
        """So many bytes, 0 to 4096."""
        if not 0 <= count <= DRAWN:
            raise ValueError("0 to 4096 bytes at a time")
        if self._given + count > len(self._bytes):
            self._bytes, self._given = self._source(DRAWN), 0
            if len(self._bytes) != DRAWN:
                raise ValueError("the source gave another number of bytes than it was asked for")
        given = self._given
        self._given += count
        return self._bytes[given : self._given]

    def digits(self, count: int) -> bytes:
        """So many bytes, each as two hexadecimal digits."""
        return hexlify(self.draw(count))
