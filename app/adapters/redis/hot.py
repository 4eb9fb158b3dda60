"""`app.ports.hot.HotPages`: a page's commands as bytes with holes, sent over the thin client in one trip.

The limit's log, the session, the feed and the viewer's blob; each goes to the node that owns it, to all at once.
"""

import asyncio
from typing import Any, Final, Protocol

import msgspec

from app.adapters.redis.client import Word, packed
from app.adapters.redis.feeds import page_key
from app.adapters.redis.limiter import OLDEST, Attempt, RedisLimiter, keep, key_of
from app.adapters.redis.sessions import ALIVE
from app.core.errors import Unavailable
from app.ports.feeds import Kind
from app.ports.hot import Hit
from app.ports.limiter import Verdict
from hotpath import rows as lists
from hotpath.resp import ReplyError

KEPT: Final = 10_000  # readers whose commands are kept
TENDS: Final = (
    4  # one page in so many tends its log: it looks for as many entries that left the window as all would have
)
US: Final = range(10**15, 10**16)  # microseconds of 16 digits: the years from 2001 to 2286
MS: Final = range(10**12, 10**13)
HOLE_US, HOLE_MS = "?" * 16, "?" * 13  # as long as what comes there, and in no key

_ADMITTED, _TENDED = 2, 2  # replies of `_admit` and of `_tend`
_REMEMBER: Final = b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nEX\r\n$%d\r\n%b\r\n"


class Asked(Protocol):
    """`app.adapters.redis.pipe.Pipe`, as far as it is needed here."""

    def ask(self, packed: bytes, replies: int) -> asyncio.Future[list[Any]]:
        """The replies to encoded commands, errors among them as ReplyError. Raises Unavailable."""

    def tell(self, packed: bytes, replies: int) -> object:
        """Sends without waiting."""


class _Commands(msgspec.Struct, gc=False):
    """What one reader asks of each node, with holes for times: `admit` and, of one page in so many, `tend` of the one;
    `top`, which takes the upper bound, or `after`, which takes a score thrice, and then `behind` of the other.

    `tend_again_ms`, by the limiter's clock, is when half a window will have passed since the log was tended: what is
    pushed until then outlives the window, because a log is kept for two.
    """

    key: str
    admit: bytes
    tend: bytes
    top: bytes
    after: bytes
    behind: bytes
    tend_again_ms: int = 0


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
    ) -> Hit | Verdict | None:
        if not self._limiter.knows_the_time:
            return None
        made = self._kept.get((session_id, kind, limit)) or self._make(policy, session_id, kind, user_id, limit)
        attempt = self._limiter.attempt(made.key, policy[1], policy[2])
        if isinstance(attempt, Verdict):
            return attempt
        stamp_us = attempt.stamp_us
        if stamp_us not in US or upper not in MS or (after is not None and not MS.start <= after[0] <= upper):
            return None
        # By lot, as good as microseconds are, and in time.
        tends = stamp_us % TENDS == 0 or attempt.began_ms >= made.tend_again_ms
        count, asked = (made.admit + made.tend, _ADMITTED + 1 + _TENDED) if tends else (made.admit, _ADMITTED + 1)
        bounds: tuple[int, ...] = (upper,)
        page, width = made.top, 3
        if after is not None:
            page, bounds, width = made.after, (after[0],) * 3, 4
        if self._feeds is self._common:
            replies = await self._common.ask((count + page + made.behind) % (stamp_us, *bounds), asked + width)
        else:
            replies = await self._ask_both(count % stamp_us, asked, (page + made.behind) % bounds, width)
        verdict = self._judge(attempt, replies, _ADMITTED + 1 if tends else None)
        if tends:
            made.tend_again_ms = attempt.began_ms + attempt.window_s * 500
        entries, marker, blob = replies[-3], lists.texts(replies[-2]), replies[-1]
        ties = () if after is None else (replies[-4], after[1].encode())
        rows = lists.Rows(entries, limit, *ties)
        generation = marker[0][1:].decode() if marker and marker[0].startswith(b"!") else None
        return Hit(verdict, replies[_ADMITTED] == ALIVE, generation, rows, blob)

    async def count(self, caller: str, policy: tuple[str, int, int]) -> Verdict | None:
        name, most, window_s = policy
        if not self._limiter.knows_the_time:
            return None
        attempt = self._limiter.attempt(key_of(caller, name), most, window_s)
        if isinstance(attempt, Verdict):
            return attempt
        if attempt.stamp_us not in US:
            return None
        commands = (_admit(attempt.key, most) + _tend(attempt.key, OLDEST, window_s)) % attempt.stamp_us
        return self._judge(attempt, await self._common.ask(commands, _ADMITTED + _TENDED), _ADMITTED)

    def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        key, ttl = page_key(kind, session_id).encode(), b"%d" % ttl_s
        self._feeds.tell(_REMEMBER % (len(key), key, len(value), value, len(ttl), ttl), 1)

    async def _ask_both(self, count: bytes, asked: int, page: bytes, width: int) -> list[Any]:
        # The feeds first: where they can't be asked at all, nothing is counted and nobody is left waiting.
        read = self._feeds.ask(page, width)
        try:
            counted = self._common.ask(count, asked)
        except Unavailable:
            read.cancel()
            raise
        first, second = await asyncio.gather(counted, read)
        return [*first, *second]

    def _make(self, policy: tuple[str, int, int], session_id: str, kind: Kind, user_id: str, limit: int) -> _Commands:
        name, most, window_s = policy
        key, feed = key_of(user_id, name), f"{kind}:{user_id}"
        made = _Commands(
            key,
            _admit(key, most) + _encoded("GET", f"session:{session_id}"),
            _tend(key, TENDS * OLDEST, window_s),
            _down(feed, HOLE_MS, limit),
            _ties(feed) + _down(feed, f"({HOLE_MS}", limit),
            _encoded("ZRANGE", feed, 0, 0, "WITHSCORES") + _encoded("GET", f"viewer:{user_id}"),
        )
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[session_id, kind, limit] = made
        return made

    def _judge(self, attempt: Attempt, replies: list[Any], tended: int | None) -> Verdict:
        """`tended` is the place of the oldest entries among the replies."""
        if ReplyError in map(type, replies):
            raise Unavailable("Redis cannot answer now.")
        oldest = [] if tended is None else lists.texts(replies[tended])
        length = replies[0]
        verdict, chores = self._limiter.judge(attempt, length, replies[1], oldest)
        if length == 1 and tended is None:  # the log was lost since it was last tended, and its end with it
            chores.append(keep(attempt.key, attempt.window_s))
        if chores:
            self._common.tell(packed(chores), len(chores))
        return verdict


def _encoded(*command: Word) -> bytes:
    """One command with its holes, in which percent signs stand for themselves."""
    return packed([command]).replace(b"%", b"%%").replace(HOLE_US.encode(), b"%d").replace(HOLE_MS.encode(), b"%d")


def _admit(key: str, most: int) -> bytes:
    """Of `app.adapters.redis.limiter.commands` what decides, of any attempt, the stamp left open."""
    return _encoded("LPUSH", key, HOLE_US) + _encoded("LINDEX", key, most)


def _tend(key: str, oldest: int, window_s: int) -> bytes:
    """The others: the look at so many of the oldest entries, and for how long the log is kept."""
    return _encoded("LRANGE", key, -oldest, -1) + _encoded(*keep(key, window_s))


def _ties(feed: str) -> bytes:
    """The entries of one score."""
    return _encoded("ZRANGE", feed, HOLE_MS, HOLE_MS, "BYSCORE", "REV", "WITHSCORES")


def _down(feed: str, bound: str, limit: int) -> bytes:
    """The entries from a score on, or below it."""
    return _encoded("ZRANGE", feed, bound, 0, "BYSCORE", "REV", "LIMIT", 0, limit, "WITHSCORES")
