"""The wire to a client: what is read and written, how long it is waited for, and how it ends."""

import asyncio
import socket
import struct
from abc import ABC, abstractmethod
from math import inf
from typing import Any, Final, cast

STALL_S: Final = 20.0  # in which a reader that is behind must take so many
STALL_BYTES: Final = 8 * 2**10
LINGER_S: Final = 3.0
READ_BYTES: Final = 64 * 2**10  # at once; what one client can make us keep unread
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time

# Whatever is read lies here until it is copied, within the same call: one for all, as no two are read at once.
_ROOM: Final = memoryview(bytearray(READ_BYTES))


class Line(asyncio.BufferedProtocol, ABC):
    """Of one client. Whoever is behind with reading must make progress; whoever it is done with may read the end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self.client = ("", 0)
        self.name = b"-"
        self.deadline = inf
        self.is_full = False
        self.is_done = False  # all is said; what still comes is thrown away
        self._is_ended = False  # the client sends no more
        self._is_paused = False
        self._stalled_at = inf
        self._stalled_bytes = 0

    @abstractmethod
    def taken(self, data: bytes) -> None:
        """Bytes of the client's."""

    @abstractmethod
    def room(self) -> None:
        """More may be written again, or, if it is full, no more for now."""

    @abstractmethod
    def late(self, now_s: float) -> None:
        """The deadline has passed."""

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if peer:
            self.client = (str(peer[0]), int(peer[1]))
            self.name = self.client[0].encode("ascii", "backslashreplace")

    def get_buffer(self, _sizehint: int) -> memoryview:
        return _ROOM

    def buffer_updated(self, size: int) -> None:
        if not self.is_done:
            self.taken(bytes(_ROOM[:size]))

    def pause_writing(self) -> None:
        self.is_full = True
        self._stalled_at = self._loop.time() + STALL_S
        self._stalled_bytes = self.unwritten_bytes
        self.room()

    def resume_writing(self) -> None:
        self.is_full = False
        self._stalled_at = inf
        self.room()

    # Reading and writing.

    @property
    def unwritten_bytes(self) -> int:
        return int(self._transport.get_write_buffer_size())

    def write(self, data: bytes) -> None:
        """Sends; whoever has much to send looks at `is_full` first."""
        self._transport.write(data)

    def pause(self, paused: bool) -> None:
        """Whether more is read."""
        if paused == self._is_paused or self._transport.is_closing():
            return
        self._is_paused = paused
        if paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # The end.

    def linger(self) -> None:
        """All is said. A connection closed before everything was read would take its last answer along."""
        self.is_done = True
        self._stalled_bytes = self.unwritten_bytes
        self.deadline = self._loop.time() + (STALL_S if self._stalled_bytes else LINGER_S)
        if self._transport.is_closing():
            return
        if self._is_ended:
            self._transport.close()
            return
        self._transport.write_eof()
        self.pause(False)

    def reset(self) -> None:
        """Ends it so that nobody takes what was sent for the whole: not by an end, but by a reset."""
        self.is_done = True
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    # Time.

    def wait(self, seconds: float) -> None:
        """Moves the deadline."""
        self.deadline = self._loop.time() + seconds

    def expire(self, now_s: float) -> None:
        """Called at times; sends a client away that lets us wait."""
        if self.is_done:
            if now_s >= self.deadline:
                self._end(now_s)
        elif now_s >= self._stalled_at:
            self._stalled_at = now_s + STALL_S
            self._demand_progress()
        elif now_s >= self.deadline:
            self.deadline = inf
            self.late(now_s)

    def _end(self, now_s: float) -> None:
        self.deadline = now_s + STALL_S
        if self.unwritten_bytes:
            self._demand_progress()
        else:
            self._transport.abort()

    def _demand_progress(self) -> None:
        left_bytes = self.unwritten_bytes
        if self._stalled_bytes - left_bytes < STALL_BYTES:
            self.reset()
        self._stalled_bytes = left_bytes
