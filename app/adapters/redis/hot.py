"""`app.ports.hot.HotPages`: a page's commands as bytes with holes, sent over the thin client in one trip.

The limit's log, the session, the feed and the viewer's blob; each goes to the node that owns it, to all at once.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from app.adapters.redis.client import Word
from app.adapters.redis.feeds import page_key
from app.adapters.redis.limiter import OLDEST, Attempt, RedisLimiter, commands, keep, key_of
from app.adapters.redis.pipe import Pipe
from app.adapters.redis.sessions import ALIVE
from app.core.errors import Unavailable
from app.ports.feeds import Kind
from app.ports.hot import Policy, Waiter
from app.ports.limiter import Verdict
from hotpath import fanout, hits, reads, rows, sliding, templates
from hotpath.resp import ReplyError

# Holes, in the order and the lengths of `hotpath.hits.Questions`.
_STAMP: Final = "\x01" * 16
_USER: Final = "\x02" * 30
_SESSION: Final = "\x03" * 30
_SCORE: Final = "\x04" * 13

_LOOKS: Final = 3  # replies to the looks at a log
_COUNTED: Final = 4  # replies to a request that is only counted


class RedisHotPages(reads.Trips):
    """Over one thin client for each of the common node and the feeds' node, which may be the same."""

    def __init__(self, common: Pipe, feeds: Pipe, limiter: RedisLimiter) -> None:
        super().__init__(common, feeds)
        self._limiter = limiter
        self.admitted: sliding.SlidingLog = limiter.admitted
        self.stamp = limiter.stamp

    def log_of(self, user_id: str, policy: Policy) -> str:
        return key_of(user_id, policy[0])

    def questions(self, kind: Kind, policy: Policy, remember_s: int) -> hits.Questions:
        name, _, window_s = policy
        key, feed = key_of(_USER, name), f"{kind}:{_USER}"
        session, viewer = f"session:{_SESSION}", f"viewer:{_USER}"
        apart = self.feeds is not self.common
        admit: list[tuple[Word, ...]] = [("LPUSH", key, _STAMP)]
        if apart:
            admit.append(("GET", session))
        # The value of a page's session is behind the key, and its length is not known yet.
        whole = fanout.pack_all([("SET", page_key(kind, _SESSION), "", "EX", remember_s)])
        remember, _, remember_end = whole.partition(b"$0\r\n\r\n")
        sizes = range(2, hits.LIMIT + 2)
        return hits.Questions(
            admit=_template(*admit),
            forget=_template(("LREM", key, -1, _STAMP)),
            tend=_template(("LRANGE", key, -hits.TENDS * OLDEST, -1), keep(key, window_s)),
            tops=tuple(_template(_top(feed, size)) for size in sizes),
            afters=tuple(_template(_ties(feed), _down(feed, f"({_SCORE}", size)) for size in sizes),
            behind=_template(("ZRANGE", feed, 0, 0), ("GET", viewer) if apart else ("MGET", session, viewer)),
            apart=apart,
            remember=templates.Template(remember),
            remember_end=remember_end,
            alive=ALIVE,
        )

    def both(self, hit: hits.Hit) -> Waiter:
        # The feeds first: where they can't be asked at all, nothing is counted and nobody is left waiting.
        read = self.feeds.ask(hit.reading, hit.reading_replies)
        try:
            counted = self.common.ask(hit.commands, hit.replies)
        except Unavailable:
            read.cancel()
            raise
        return asyncio.ensure_future(_both(counted, read))

    async def judge(self, hit: hits.Hit, policy: Policy, replies: Sequence[Any]) -> Verdict:
        _, most, window_s = policy
        attempt = Attempt(hit.reader.log, most, window_s, hit.stamp_us, hit.began_ms)
        # Who looks later than it pushed sees what was pushed since, too: it can only be refused the sooner for that.
        looked = await self.common.ask(fanout.pack_all(commands(attempt)[1:]), _LOOKS)
        return self._judge(attempt, [replies[0], *looked])

    def count(self, caller: str, policy: Policy) -> tuple[Waiter, Attempt] | None:
        name, most, window_s = policy
        if self.stamp() is None:
            return None
        attempt = self._limiter.attempt(key_of(caller, name), most, window_s)
        if isinstance(attempt, Verdict):
            return None  # refused, as by the general path
        return self.common.ask(fanout.pack_all(commands(attempt)), _COUNTED), attempt

    def counted(self, attempt: Attempt, replies: Sequence[Any]) -> Verdict:
        return self._judge(attempt, replies)

    def _judge(self, attempt: Attempt, replies: Sequence[Any]) -> Verdict:
        length, decisive, oldest = replies[:3]
        if ReplyError in map(type, replies) or not isinstance(length, int):
            raise Unavailable("Redis cannot answer now.")
        verdict, chores = self._limiter.judge(attempt, length, decisive, rows.texts(oldest))
        if chores:
            self.common.tell(fanout.pack_all(chores), len(chores))
        return verdict


async def _both(counted: Waiter, read: Waiter) -> list[Any]:
    first, second = await asyncio.gather(counted, read)
    return [*first, *second]


def _template(*commands: tuple[Word, ...]) -> templates.Template:
    return templates.Template(fanout.pack_all(list(commands)))


def _ties(feed: str) -> tuple[Word, ...]:
    """The entries of one score."""
    return ("ZRANGE", feed, _SCORE, _SCORE, "BYSCORE", "REV", "WITHSCORES")


def _top(feed: str, limit: int) -> tuple[Word, ...]:
    """The newest entries: by rank, for the server finds the end of a set sooner than a score in it."""
    return ("ZRANGE", feed, 0, limit - 1, "REV", "WITHSCORES")


def _down(feed: str, bound: str, limit: int) -> tuple[Word, ...]:
    """The entries below a score."""
    return ("ZRANGE", feed, bound, 0, "BYSCORE", "REV", "LIMIT", 0, limit, "WITHSCORES")
