"""Replies of a Redis server out of its stream of bytes: RESP2 and RESP3, parsed as they arrive.

Grammar: https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md. Streamed types are refused: no
command asks for them. Every bound is checked as soon as the bytes that break it are there, so the outcome does not
depend on how the stream was cut into chunks.
"""

import re
from collections.abc import Generator
from typing import Any

MAX_DEPTH = 16
MAX_LINE_BYTES = 65_536  # with its type, without CR LF
MAX_BULK_BYTES = 64 * 2**20
MAX_REPLY_BYTES = 128 * 2**20  # what one reply may weigh: its texts, and ITEM_BYTES for each item of an aggregate
MAX_BOUND_BYTES = 2**40  # the two above can be set, up to here
ITEM_BYTES = 64
MAX_BIG_DIGITS = 1_024

_TYPES = b"+-:$*_#,(!=%~|>"
_AGGREGATES = b"*~%|>"
_MORE = object()  # yielded inside the parser where bytes are missing
_DOUBLE = re.compile(rb"[+-]?(inf|nan|\d+(\.\d*)?([eE][+-]?\d+)?)", re.ASCII)
_INTEGER = re.compile(rb"[+-]?\d+", re.ASCII)

_Step = Generator[Any, None, Any]


class ProtocolError(Exception):
    """The stream is not RESP, or breaks a bound. The parser refuses everything after it."""


class ReplyError(Exception):
    """An error reply, as a value: `code` is its first word ("MOVED"), `message` the rest."""

    def __init__(self, text: bytes) -> None:
        words = text.decode("utf-8", "replace")
        super().__init__(words)
        self.code, _, self.message = words.partition(" ")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReplyError) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)


class Push(list[Any]):
    """A message the server sent unasked (RESP3): its kind, then what it says."""


class Parser:
    """Feed it what the socket gave; it gives what is complete.

    strings, verbatim strings: bytes; integers, big numbers: int; doubles: float; booleans: bool; every null: None;
    arrays, sets: list; maps: list of (key, value), for keys may repeat and need not be hashable; errors: ReplyError;
    pushes: Push. Attributes are dropped.

    With `whole_arrays` a reply that is an array, a set or a map is checked all the same, and given as the bytes it came
    in, an attribute before it included: for whoever takes it apart where it lies.
    """

    def __init__(
        self,
        max_bulk_bytes: int = MAX_BULK_BYTES,
        max_reply_bytes: int = MAX_REPLY_BYTES,
        *,
        whole_arrays: bool = False,
    ) -> None:
        if not 0 <= max_bulk_bytes <= max_reply_bytes <= MAX_BOUND_BYTES:
            raise ValueError("bounds must not be negative, and a string must fit its reply")
        self.odd = 0  # how many of the replies that `feed` gave last are errors or pushes
        self._max_bulk_bytes = max_bulk_bytes
        self._max_reply_bytes = max_reply_bytes
        self._whole_arrays = whole_arrays
        self._taken = bytearray()  # what was read of the reply so far
        self._buffer = bytearray()
        self._weight_bytes = 0
        self._steps = self._stream()
        self._broken = False

    def feed(self, data: bytes) -> list[Any]:
        """The replies that `data` completes, in order; the rest is kept. Raises ProtocolError.

        Where it raises, complete replies before the offence are lost too if they came with the same data: nothing
        from such a server is worth believing.
        """
        if self._broken:
            raise ProtocolError("the stream broke before")
        self._broken = True
        self._buffer += data
        replies = []
        while (reply := next(self._steps)) is not _MORE:
            replies.append(reply)
        self.odd = sum(isinstance(reply, ReplyError | Push) for reply in replies)
        self._broken = False
        return replies

    def _stream(self) -> _Step:
        while True:
            self._weight_bytes = 0
            self._taken.clear()
            reply = yield from self._reply(0)
            yield bytes(self._taken) if self._whole_arrays and type(reply) is list else reply

    def _reply(self, depth: int) -> _Step:
        """One reply inside `depth` aggregates."""
        while True:
            while not self._buffer:
                yield _MORE
            kind = self._buffer[0]
            if kind not in _TYPES:
                raise ProtocolError("not a type of RESP")
            line = yield from self._line()
            if kind in _AGGREGATES:
                items = yield from self._aggregate(kind, line, depth)
                if kind == ord("|"):
                    continue  # an attribute stands before the reply that it describes
                return items
            if kind in b"$!=":
                return (yield from self._bulk(kind, line))
            self._weigh(len(line))
            return _scalar(kind, line)

    def _line(self) -> _Step:
        """A line without its type and its end."""
        looked_at = 0
        while (end := self._buffer.find(b"\n", looked_at, MAX_LINE_BYTES + 2)) < 0:
            looked_at = len(self._buffer)
            if looked_at >= MAX_LINE_BYTES + 2:
                raise ProtocolError("a line is too long")
            yield _MORE
        line = self._take(end + 1)
        if line[-2:-1] != b"\r":
            raise ProtocolError("a line ends without CR")
        return line[1:-2]

    def _bulk(self, kind: int, line: bytes) -> _Step:
        size = integer(line)
        if size == -1 and kind == ord("$"):
            return None
        if not 0 <= size <= self._max_bulk_bytes:
            raise ProtocolError("a string has an impossible size")
        self._weigh(size)
        for place, byte in ((size, ord("\r")), (size + 1, ord("\n"))):
            while len(self._buffer) <= place:
                yield _MORE
            if self._buffer[place] != byte:
                raise ProtocolError("a string does not end where it should")
        text = self._take(size + 2)[:-2]
        if kind == ord("!"):
            return ReplyError(text)
        return verbatim(text) if kind == ord("=") else text

    def _aggregate(self, kind: int, line: bytes, depth: int) -> _Step:
        size = integer(line)
        if size == -1 and kind == ord("*"):
            return None
        if kind == ord(">") and depth:
            raise ProtocolError("a push inside a reply")
        if depth >= MAX_DEPTH:
            raise ProtocolError("a reply is nested too deep")
        if size < 0:
            raise ProtocolError("an aggregate has an impossible size")
        if kind in b"%|":
            size *= 2
        self._weigh(size * ITEM_BYTES)
        items = []
        for _ in range(size):
            item = yield from self._reply(depth + 1)
            items.append(item)
        if kind == ord("%"):
            return pairs(items)
        return Push(items) if kind == ord(">") else items

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        if self._whole_arrays:
            self._taken += taken
        return taken

    def _weigh(self, size_bytes: int) -> None:
        self._weight_bytes += size_bytes
        if self._weight_bytes > self._max_reply_bytes:
            raise ProtocolError("a reply is too big")


def _scalar(kind: int, line: bytes) -> object:
    if kind == ord("+"):
        return line
    if kind == ord(":"):
        return integer(line)
    return rare(kind, line)


def rare(kind: int, line: bytes) -> object:
    """Types so rare on a hot path that the compiled parser leaves them to Python: errors, and what RESP3 added."""
    if kind == ord("-"):
        return ReplyError(line)
    if kind == ord(",") and _DOUBLE.fullmatch(line):
        return float(line)
    if kind == ord("(") and _INTEGER.fullmatch(line) and len(line) <= MAX_BIG_DIGITS:
        return int(line)
    if kind == ord("#") and line in (b"t", b"f"):
        return line == b"t"
    if kind == ord("_") and line == b"":
        return None
    raise ProtocolError("a value does not fit its type")


def integer(line: bytes) -> int:
    """A 64-bit integer in decimal digits. Raises ProtocolError."""
    # 19 digits are enough for 64 bits; zeros before them change nothing but may be many.
    if not _INTEGER.fullmatch(line) or len(digits := line.lstrip(b"+-").lstrip(b"0")) > 19:
        raise ProtocolError("not an integer")
    value = -int(digits or b"0") if line.startswith(b"-") else int(digits or b"0")
    if not -(2**63) <= value < 2**63:
        raise ProtocolError("not an integer")
    return value


def verbatim(text: bytes) -> bytes:
    """A verbatim string without its format (`txt:`)."""
    if text[3:4] != b":":
        raise ProtocolError("a verbatim string without its format")
    return text[4:]


def pairs(items: list[Any]) -> list[tuple[Any, Any]]:
    """[key, value, key, value] as [(key, value), (key, value)]."""
    return list(zip(items[::2], items[1::2], strict=True))


def first_error(replies: list[Any]) -> ReplyError | None:
    """The first error among replies, or among the items of one that is a list, as of a transaction."""
    for reply in replies:
        found = first_error(reply) if type(reply) is list else reply
        if type(found) is ReplyError:
            return found
    return None
