"""`app.ports.hot.HotPages`: a page's commands as bytes with holes, sent over the thin client in one trip.

The limit's log, the session, the feed and the viewer's blob; each goes to the node that owns it, to all at once.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, Protocol

from app.adapters.redis.client import packed
from app.adapters.redis.feeds import page_key
from app.adapters.redis.limiter import COMMANDS, Attempt, RedisLimiter, key_of
from app.adapters.redis.sessions import ALIVE
from app.core.errors import Unavailable
from app.ports.feeds import Kind
from app.ports.hot import Hit
from app.ports.limiter import Verdict
from hotpath.resp import ReplyError

ID_BYTES: Final = 30  # of every user's and session's id

# The length of an id is known.
_LIMIT: Final = (
    b"*3\r\n$5\r\nLPUSH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
    b"*3\r\n$6\r\nLINDEX\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
    b"*4\r\n$6\r\nLRANGE\r\n$%d\r\n%b\r\n$2\r\n-3\r\n$2\r\n-1\r\n"
    b"*3\r\n$7\r\nPEXPIRE\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
)
_SESSION: Final = b"*2\r\n$3\r\nGET\r\n$38\r\nsession:%b\r\n"
_VIEWER: Final = b"*2\r\n$3\r\nGET\r\n$37\r\nviewer:%b\r\n"
_MARKER: Final = b"*1\r\n$5\r\nMULTI\r\n*5\r\n$6\r\nZRANGE\r\n$%d\r\n%b\r\n$1\r\n0\r\n$1\r\n0\r\n$10\r\nWITHSCORES\r\n"
_TIES: Final = (
    b"*7\r\n$6\r\nZRANGE\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$7\r\nBYSCORE\r\n$3\r\nREV\r\n$10\r\nWITHSCORES\r\n"
)
_DOWN: Final = (
    b"*10\r\n$6\r\nZRANGE\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$1\r\n0\r\n$7\r\nBYSCORE\r\n$3\r\nREV\r\n"
    b"$5\r\nLIMIT\r\n$1\r\n0\r\n$%d\r\n%d\r\n$10\r\nWITHSCORES\r\n*1\r\n$4\r\nEXEC\r\n"
)


class Asked(Protocol):
    """`app.adapters.redis.pipe.Pipe`, as far as it is needed here."""

    def ask(self, packed: bytes, replies: int) -> Awaitable[list[Any]]:
        """The replies to encoded commands, errors among them as ReplyError. Raises Unavailable."""

    def tell(self, packed: bytes, replies: int) -> object:
        """Sends without waiting."""


class RedisHotPages:
    """Over one thin client for each of the common node and the feeds' node, which may be the same."""

    def __init__(self, common: Asked, feeds: Asked, limiter: RedisLimiter) -> None:
        self._common = common
        self._feeds = feeds
        self._limiter = limiter

    async def fetch(
        self,
        caller: str,
        policy: tuple[str, int, int],
        session_id: str,
        kind: Kind,
        user_id: str,
        upper: int,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Hit | None:
        name, most, window_s = policy
        session, user = session_id.encode(), user_id.encode()
        if not self._limiter.knows_the_time or len(session) != ID_BYTES or len(user) != ID_BYTES:
            return None
        attempt = self._limiter.attempt(key_of(caller, name), most, window_s)
        if isinstance(attempt, Verdict):
            return Hit(attempt, True, None, [], None)
        first = _limit(attempt.key.encode(), attempt.stamp_us, most, window_s) + _SESSION % session
        feed, width = _feed(kind, user, upper, after, limit)
        second = feed + _VIEWER % user
        if self._feeds is self._common:
            replies = await self._common.ask(first + second, COMMANDS + 1 + width + 1)
        else:
            both = (self._common.ask(first, COMMANDS + 1), self._feeds.ask(second, width + 1))
            replies = [reply for some in await asyncio.gather(*both) for reply in some]
        verdict = self._judge(attempt, replies)
        marker, *found = replies[-2]
        built = bool(marker) and marker[0].startswith(b"!")
        rows = found[0] if len(found) == 1 else _after(found[0], after) + found[1]
        return Hit(
            verdict,
            replies[COMMANDS] == ALIVE,
            marker[0][1:].decode() if built else None,
            rows[: 2 * limit],
            replies[-1],
        )

    async def count(self, caller: str, policy: tuple[str, int, int]) -> Verdict | None:
        name, most, window_s = policy
        if not self._limiter.knows_the_time:
            return None
        attempt = self._limiter.attempt(key_of(caller, name), most, window_s)
        if isinstance(attempt, Verdict):
            return attempt
        commands = _limit(attempt.key.encode(), attempt.stamp_us, most, window_s)
        return self._judge(attempt, await self._common.ask(commands, COMMANDS))

    def _judge(self, attempt: Attempt, replies: list[Any]) -> Verdict:
        for reply in replies:
            if isinstance(reply, ReplyError):
                raise Unavailable("Redis cannot answer now.")
        verdict, chores = self._limiter.judge(attempt, replies[:COMMANDS])
        if chores:
            self._common.tell(packed(chores), len(chores))
        return verdict

    def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        self._feeds.tell(packed([("SET", page_key(kind, session_id), value, "EX", ttl_s)]), 1)


def _limit(key: bytes, stamp_us: int, most: int, window_s: int) -> bytes:
    """`app.adapters.redis.limiter.commands`, encoded."""
    size, stamp, place, window = len(key), b"%d" % stamp_us, b"%d" % most, b"%d" % (window_s * 1000)
    return _LIMIT % (
        size,
        key,
        len(stamp),
        stamp,
        size,
        key,
        len(place),
        place,
        size,
        key,
        size,
        key,
        len(window),
        window,
    )


def _feed(kind: Kind, user: bytes, upper: int, after: tuple[int, str] | None, limit: int) -> tuple[bytes, int]:
    """`RedisFeeds.read`, encoded, and how many replies it brings."""
    key = b"%b:%b" % (kind.encode(), user)
    size, digits = len(key), 1 if limit < 10 else 2
    marker = _MARKER % (size, key)
    if after is None or after[0] > upper:
        bound = b"%d" % upper
        return marker + _DOWN % (size, key, len(bound), bound, digits, limit), 4
    score = b"%d" % after[0]
    bound = b"(" + score
    ties = _TIES % (size, key, len(score), score, len(score), score)
    return marker + ties + _DOWN % (size, key, len(bound), bound, digits, limit), 5


def _after(ties: list[bytes], after: tuple[int, str] | None) -> list[bytes]:
    """Of the entries that share the last score served, those whose ids come after the last one."""
    if after is None:
        return ties
    last = after[1].encode()
    pairs: Sequence[tuple[bytes, bytes]] = list(zip(ties[::2], ties[1::2], strict=True))
    return [word for member, score in pairs if member < last for word in (member, score)]
