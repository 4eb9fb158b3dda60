"""`app.ports.hot.HotPages`: a page's commands as bytes with holes, sent over the thin client in one trip.

The limit's log, the session, the feed and the viewer's blob; each goes to the node that owns it, to all at once.
"""

import asyncio
from typing import Any, Final, Protocol

import msgspec

from app.adapters.redis.client import packed
from app.adapters.redis.feeds import page_key
from app.adapters.redis.limiter import OLDEST, Attempt, RedisLimiter, key_of
from app.adapters.redis.sessions import ALIVE
from app.core.errors import Unavailable
from app.ports.feeds import Kind
from app.ports.hot import Hit
from app.ports.limiter import Verdict
from hotpath import rows as lists
from hotpath.resp import ReplyError

KEPT: Final = 10_000  # readers whose commands are kept
LOOKS: Final = 4  # one page in so many looks for entries that left the limit's window, for as many as all would have
US: Final = range(10**15, 10**16)  # microseconds of 16 digits: the years from 2001 to 2286
MS: Final = range(10**12, 10**13)
HOLE_US, HOLE_MS = "?" * 16, "?" * 13  # as long as what comes there, and in no key

_COUNTED: Final = 3  # replies of `_count`
_NONE: Final = lists.Rows(b"*0\r\n", 0)
_REMEMBER: Final = b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nEX\r\n$%d\r\n%b\r\n"


class Asked(Protocol):
    """`app.adapters.redis.pipe.Pipe`, as far as it is needed here."""

    def ask(self, packed: bytes, replies: int) -> asyncio.Future[list[Any]]:
        """The replies to encoded commands, errors among them as ReplyError. Raises Unavailable."""

    def tell(self, packed: bytes, replies: int) -> object:
        """Sends without waiting."""


class _Commands(msgspec.Struct, frozen=True):
    """What one reader asks of each node, with holes for times: `count` takes the attempt's stamp, as does `look`, which
    looks for old attempts too; `top` takes the upper bound and `after` a score, thrice."""

    key: str
    count: bytes
    look: bytes
    top: bytes
    after: bytes


class RedisHotPages:
    """Over one thin client for each of the common node and the feeds' node, which may be the same."""

    def __init__(self, common: Asked, feeds: Asked, limiter: RedisLimiter) -> None:
        self._common = common
        self._feeds = feeds
        self._limiter = limiter
        self._kept: dict[tuple[str, Kind, int], _Commands] = {}

    async def fetch(
        self,
        policy: tuple[str, int, int],
        session_id: str,
        kind: Kind,
        user_id: str,
        upper: int,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Hit | None:
        if not self._limiter.knows_the_time:
            return None
        made = self._kept.get((session_id, kind, limit)) or self._make(policy, session_id, kind, user_id, limit)
        attempt = self._limiter.attempt(made.key, policy[1], policy[2])
        if isinstance(attempt, Verdict):
            return Hit(attempt, True, None, _NONE, None)
        if attempt.stamp_us not in US or upper not in MS or (after is not None and not MS.start <= after[0] <= upper):
            return None
        looks = attempt.stamp_us % LOOKS == 0  # microseconds: as good as by lot
        first, asked = (made.look, _COUNTED + 2) if looks else (made.count, _COUNTED + 1)
        bounds: tuple[int, ...] = (upper,)
        template, width = made.top, 3
        if after is not None:
            bounds, template, width = (after[0],) * 3, made.after, 4
        if self._feeds is self._common:
            commands = (first + template) % (attempt.stamp_us, *bounds)
            replies = await self._common.ask(commands, asked + width)
        else:
            # The feeds first: where they can't be asked at all, nothing is counted and nobody is left waiting.
            read = self._feeds.ask(template % bounds, width)
            try:
                counted = self._common.ask(first % attempt.stamp_us, asked)
            except Unavailable:
                read.cancel()
                raise
            replies = [reply for some in await asyncio.gather(counted, read) for reply in some]
        verdict = self._judge(attempt, replies, _COUNTED + 1 if looks else None)
        entries, marker, blob = replies[-3], lists.texts(replies[-2]), replies[-1]
        ties = () if after is None else (replies[-4], after[1].encode())
        rows = lists.Rows(entries, limit, *ties)
        generation = marker[0][1:].decode() if marker and marker[0].startswith(b"!") else None
        return Hit(verdict, replies[_COUNTED] == ALIVE, generation, rows, blob)

    async def count(self, caller: str, policy: tuple[str, int, int]) -> Verdict | None:
        name, most, window_s = policy
        if not self._limiter.knows_the_time:
            return None
        attempt = self._limiter.attempt(key_of(caller, name), most, window_s)
        if isinstance(attempt, Verdict):
            return attempt
        if attempt.stamp_us not in US:
            return None
        commands = (_count(attempt.key, most, window_s) + _look(attempt.key, OLDEST)) % attempt.stamp_us
        return self._judge(attempt, await self._common.ask(commands, _COUNTED + 1), _COUNTED)

    def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        key, ttl = page_key(kind, session_id).encode(), b"%d" % ttl_s
        self._feeds.tell(_REMEMBER % (len(key), key, len(value), value, len(ttl), ttl), 1)

    def _make(self, policy: tuple[str, int, int], session_id: str, kind: Kind, user_id: str, limit: int) -> _Commands:
        name, most, window_s = policy
        key, feed = key_of(user_id, name), f"{kind}:{user_id}"
        marker = _encoded("ZRANGE", feed, 0, 0, "WITHSCORES")
        viewer = _encoded("GET", f"viewer:{user_id}")
        count = _count(key, most, window_s) + _encoded("GET", f"session:{session_id}")
        made = _Commands(
            key,
            count,
            count + _look(key, LOOKS * OLDEST),
            _down(feed, HOLE_MS, limit) + marker + viewer,
            _ties(feed) + _down(feed, f"({HOLE_MS}", limit) + marker + viewer,
        )
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[session_id, kind, limit] = made
        return made

    def _judge(self, attempt: Attempt, replies: list[Any], looked: int | None) -> Verdict:
        """`looked` is the place of the oldest entries among the replies."""
        if ReplyError in map(type, replies):
            raise Unavailable("Redis cannot answer now.")
        oldest = [] if looked is None else lists.texts(replies[looked])
        verdict, chores = self._limiter.judge(attempt, replies[0], replies[1], oldest)
        if chores:
            self._common.tell(packed(chores), len(chores))
        return verdict


def _encoded(*command: str | int) -> bytes:
    """One command with its holes, in which percent signs stand for themselves."""
    return packed([command]).replace(b"%", b"%%").replace(HOLE_US.encode(), b"%d").replace(HOLE_MS.encode(), b"%d")


def _count(key: str, most: int, window_s: int) -> bytes:
    """`app.adapters.redis.limiter.commands` of any attempt, the stamp left open, without the look at the oldest."""
    push = _encoded("LPUSH", key, HOLE_US)
    return push + _encoded("LINDEX", key, most) + _encoded("PEXPIRE", key, window_s * 1000)


def _look(key: str, oldest: int) -> bytes:
    """So many of the oldest entries."""
    return _encoded("LRANGE", key, -oldest, -1)


def _ties(feed: str) -> bytes:
    """The entries of one score."""
    return _encoded("ZRANGE", feed, HOLE_MS, HOLE_MS, "BYSCORE", "REV", "WITHSCORES")


def _down(feed: str, bound: str, limit: int) -> bytes:
    """The entries from a score on, or below it."""
    return _encoded("ZRANGE", feed, bound, 0, "BYSCORE", "REV", "LIMIT", 0, limit, "WITHSCORES")
