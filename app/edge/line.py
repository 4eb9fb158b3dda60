"""The wire to a client: what is read and written, how long it is waited for, and how it ends."""

import asyncio
import fcntl
import socket
import struct
import termios
from abc import ABC, abstractmethod
from math import inf
from typing import Any, Final, cast

STALL_S: Final = 20.0  # in which a reader that is behind must take so many
STALL_BYTES: Final = 8 * 2**10
LINGER_S: Final = 3.0
READ_BYTES: Final = 64 * 2**10  # at once; what one client can make us keep unread
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time
_MUCH: Final = 2**62  # for a reader of whom nothing is demanded yet

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
        self._stalled_bytes = self.left_bytes()
        self.room()

    def resume_writing(self) -> None:
        self.is_full = False
        self._stalled_at = inf
        self.room()

    # Reading and writing.

    def left_bytes(self) -> int:
        """What was written and has not arrived, here and in the kernel, whose share is minutes of a slow reader's."""
        socket_ = self._transport.get_extra_info("socket")
        try:
            (queued_bytes,) = struct.unpack("i", fcntl.ioctl(socket_.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))
        except (OSError, ValueError):
            return 0  # it is closed already, and we are about to be told
        return int(self._transport.get_write_buffer_size()) + int(queued_bytes)

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

    def linger(self, *, patient: bool = True) -> None:
        """All is said. A connection closed before everything was read would take its last answer along; a `patient` end
        waits for whoever goes on reading."""
        self.is_done = True
        self._stalled_bytes = _MUCH if patient else 0
        self.wait(LINGER_S)
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
            self.demand_progress()
        elif now_s >= self.deadline:
            self.deadline = inf
            self.late(now_s)

    def _end(self, now_s: float) -> None:
        self.deadline = now_s + STALL_S
        if not self.demand_progress():
            self._transport.abort()

    def demand_progress(self) -> int:
        """Of a reader who is behind: by so many bytes still, or reset if that is as many as when it was last asked."""
        left_bytes = self.left_bytes()
        if left_bytes and self._stalled_bytes - left_bytes < STALL_BYTES:
            self.reset()
        self._stalled_bytes = left_bytes
        return left_bytes
