"""Built feeds as sorted sets with a marker member below all scores (`app.ports.feeds`).

Redis orders members of one score by their bytes, so a reverse range is exactly (score desc, id desc).
"""

from array import array
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from app.adapters.redis.client import Command, RedisClient, Script, Word
from app.core.metrics import FEED_BUILDS, FEED_READS, Tally
from app.ports.feeds import BUILT_DIGITS, KEEP, ORDER_SIZE, TTL_S, FeedSlice, Kind
from hotpath import fanout

WHOLE, CUT = -1, -2  # scores of the marker
BUILDING_TTL_S = 30
AT_ONCE = 500  # feeds in one trip


@cache
def _reads(kind: Kind, outcome: str) -> Tally:
    return Tally(FEED_READS.labels(kind, outcome))


@cache
def _builds(kind: Kind, outcome: str) -> Tally:
    return Tally(FEED_BUILDS.labels(kind, outcome))


# KEYS feeds; ARGV score, member, entries to keep. The range is the guard: ZADD on an absent key would fabricate a feed
# of one video. Rank 0 is the marker, rank 1 the last entry, below which a cut feed takes nothing; a whole one that is
# full takes it and trims it again, which cuts the feed. Most feeds are cut and full: they cost three calls. `word` is
# the score as it goes on: mostly as it came, which spares making a text of a number.
_PUSHING = """
local added, told, trim = 0, tonumber(ARGV[1]), -tonumber(ARGV[3]) - 1
for _, key in ipairs(KEYS) do
  local low = redis.call('ZRANGE', key, 0, 1, 'WITHSCORES')
  if low[1] then
    local score, word = told, ARGV[1]
    %s
    local last, cut = tonumber(low[4]), low[2] == '-2'
    local lowest = not last or score < last or (score == last and ARGV[2] < low[3])
    if not (cut and lowest) and redis.call('ZADD', key, 'NX', word, ARGV[2]) == 1 then
      local trimmed = redis.call('ZREMRANGEBYRANK', key, 1, trim)
      if trimmed > 0 and not cut then redis.call('ZADD', key, -2, low[1]) end
      if trimmed == 0 or not lowest then added = added + 1 end
    end
  end
end
return added
"""
# Into a For You: among the scores of what was built there is no room.
_BELOW_BUILT = f"""
    local built = tonumber(string.sub(low[1], 2, {1 + BUILT_DIGITS}), 16)
    if built and told <= built then
      score = math.min(told, built - {ORDER_SIZE})
      word = score
    end
"""
_BY_TIME = Script(_PUSHING % "")
_PUSH: dict[Kind, Script] = {"feed": Script(_PUSHING % _BELOW_BUILT), "following": _BY_TIME, "creator": _BY_TIME}

# KEYS feed; ARGV generation, its score, TTL, entries to keep, then score and member of each.
_FINISH = Script("""
if redis.call('ZREM', KEYS[1], '?' .. ARGV[1]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], '!' .. ARGV[1])
if #ARGV > 4 then redis.call('ZADD', KEYS[1], 'NX', unpack(ARGV, 5)) end
if redis.call('ZREMRANGEBYRANK', KEYS[1], 1, -tonumber(ARGV[4]) - 1) > 0 then
  redis.call('ZADD', KEYS[1], -2, '!' .. ARGV[1])
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
""")

# KEYS feed; ARGV score of the source (-1 whole, -2 cut), entries to keep, then score and member of each, best first.
# Where a cut source ends below a whole feed's last entry, the feed is cut there; where it ends above, everything of
# the feed below that end might have something between: it goes. A feed that is being built is given up: what it is
# read from may be older or newer than these entries, and only a new build can tell what is missing.
_ADD = Script("""
local low = redis.call('ZRANGE', KEYS[1], 0, 1, 'WITHSCORES')
if not low[1] then return 0 end
if string.sub(low[1], 1, 1) == '?' then return redis.call('DEL', KEYS[1]) * 0 end
local added, last = 0, tonumber(low[4])
local cut = low[2] == '-2'
if cut and not last then return 0 end
for at = 3, #ARGV, 2 do
  local score = tonumber(ARGV[at])
  if not cut or score > last or (score == last and ARGV[at + 1] > low[3]) then
    added = added + redis.call('ZADD', KEYS[1], 'NX', ARGV[at], ARGV[at + 1])
  end
end
if ARGV[1] == '-2' and #ARGV > 3 then
  local floor = redis.call('ZRANK', KEYS[1], ARGV[#ARGV])
  if floor and floor > 1 then redis.call('ZREMRANGEBYRANK', KEYS[1], 1, floor - 1) end
  if floor then redis.call('ZADD', KEYS[1], -2, low[1]) end
end
local trimmed = redis.call('ZREMRANGEBYRANK', KEYS[1], 1, -tonumber(ARGV[2]) - 1)
if trimmed > 0 then redis.call('ZADD', KEYS[1], -2, low[1]) end
return added
""")


class RedisFeeds:
    """`app.ports.feeds.Feeds`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def read(
        self, kind: Kind, user_id: str, *, upper: int, after: tuple[int, str] | None, limit: int
    ) -> FeedSlice | None:
        found = (await self.read_many(kind, [user_id], upper=upper, after=after, limit=limit))[0]
        note_read(kind, found)
        return found

    async def read_many(
        self, kind: Kind, user_ids: Sequence[str], *, upper: int, after: tuple[int, str] | None, limit: int
    ) -> list[FeedSlice | None]:
        if len(user_ids) > AT_ONCE:
            raise ValueError(f"{len(user_ids)} feeds are more than {AT_ONCE}")
        if not user_ids:
            return []
        commands = [range_of(feed_key(kind, user_id), upper, after, limit) for user_id in user_ids]
        replies = await self._client.transaction([command for each in commands for command in each])
        width = len(commands[0])
        return [slice_of(replies[start : start + width], after, limit) for start in range(0, len(replies), width)]

    async def build(
        self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]], *, whole: bool = True
    ) -> None:
        score = WHOLE if whole and len(entries) <= KEEP[kind] else CUT
        await self._client.transaction(
            [
                *replacing(kind, user_id, generation, _words(entries), score),
                ("ZREMRANGEBYRANK", feed_key(kind, user_id), 1, -KEEP[kind] - 1),
            ]
        )
        note_build(kind)

    async def begin(self, kind: Kind, user_id: str, generation: str) -> None:
        key = feed_key(kind, user_id)
        await self._client.transaction(
            [("DEL", key), ("ZADD", key, WHOLE, f"?{generation}"), ("EXPIRE", key, BUILDING_TTL_S)]
        )

    async def finish(
        self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]], *, whole: bool
    ) -> bool:
        args = (generation, WHOLE if whole else CUT, TTL_S[kind], KEEP[kind], *_words(entries))
        kept = bool(await self._client.run(_FINISH, [feed_key(kind, user_id)], args))
        _builds(kind, "kept" if kept else "lost").inc()
        return kept

    async def add(self, kind: Kind, user_id: str, entries: Sequence[tuple[int, str]], *, whole: bool) -> int:
        best_first = sorted(entries, reverse=True)
        args = (WHOLE if whole else CUT, KEEP[kind], *_words(best_first))
        added: int = await self._client.run(_ADD, [feed_key(kind, user_id)], args)
        return added

    async def push(
        self,
        kind: Kind,
        followers: bytes,
        user_nos: Sequence[int],
        video_id: str,
        score: int,
        active: bytes | None = None,
    ) -> int:
        script = _PUSH[kind]
        commands = fanout.encode(
            followers,
            array("I", user_nos),
            active,
            script.sha.encode(),
            f"{kind}:".encode(),
            video_id.encode(),
            score,
            KEEP[kind],
        )
        # One at a time: Redis serves others between.
        return sum([await self._client.run_packed(script, packed) for packed, _ in commands])

    async def withdraw(self, kind: Kind, user_ids: Sequence[str], video_id: str) -> None:
        for first in range(0, len(user_ids), AT_ONCE):
            batch = user_ids[first : first + AT_ONCE]
            await self._client.pipeline([("ZREM", feed_key(kind, user_id), video_id) for user_id in batch])

    async def remove(self, kind: Kind, user_id: str, video_ids: Sequence[str]) -> None:
        if video_ids:
            await self._client.call("ZREM", feed_key(kind, user_id), *video_ids)

    async def drop(self, kind: Kind, user_id: str) -> None:
        await self._client.call("DEL", feed_key(kind, user_id))

    async def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        await self._client.call("SET", page_key(kind, session_id), value, "EX", ttl_s)

    async def recall(self, kind: Kind, session_id: str) -> bytes | None:
        value: bytes | None = await self._client.call("GET", page_key(kind, session_id))
        return value


def note_read(kind: Kind, found: FeedSlice | None) -> None:
    """Counts that a feed was asked for."""
    _reads(kind, "miss" if found is None else "hit").inc()


def note_build(kind: Kind) -> None:
    """Counts that one was built, and kept."""
    _builds(kind, "kept").inc()


def feed_key(kind: Kind, user_id: str) -> str:
    return f"{kind}:{user_id}"


def page_key(kind: Kind, session_id: str) -> str:
    return f"page:{kind}:{session_id}"


def replacing(kind: Kind, user_id: str, generation: str, words: Iterable[Word], score: int = WHOLE) -> list[Command]:
    """Replaces a feed by one of these words, score and member of each entry, and a marker of this score."""
    key = feed_key(kind, user_id)
    return [("DEL", key), ("ZADD", key, score, f"!{generation}", *words), ("EXPIRE", key, TTL_S[kind])]


def range_of(key: str, upper: int, after: tuple[int, str] | None, limit: int) -> list[Command]:
    """Asks for entries of a feed, and its marker."""
    commands: list[Command] = [("ZRANGE", key, 0, 0, "WITHSCORES")]
    if after is None or after[0] > upper:
        return [*commands, _down_from(key, str(upper), limit)]
    # The entries of the last score served are asked for apart: where among them to go on is told by the id, which
    # may have left the feed meanwhile.
    ties: Command = ("ZRANGE", key, after[0], after[0], "BYSCORE", "REV", "WITHSCORES")
    return [*commands, ties, _down_from(key, f"({after[0]}", limit)]


def slice_of(replies: list[Any], after: tuple[int, str] | None, limit: int) -> FeedSlice | None:
    """What the replies to `range_of` say; None for a feed that is not built."""
    marker, *found = replies
    if not marker or not marker[0].startswith(b"!"):
        return None
    entries = [entry for flat in found for entry in _entries(flat) if after is None or entry < after]
    return FeedSlice(marker[0][1:].decode(), entries[:limit], int(marker[1]) == WHOLE)


def _down_from(key: str, bound: str, limit: int) -> Command:
    return ("ZRANGE", key, bound, 0, "BYSCORE", "REV", "LIMIT", 0, limit, "WITHSCORES")


def _words(entries: Sequence[tuple[int, str]]) -> list[int | str]:
    words: list[int | str] = []
    for entry in entries:
        words += entry
    return words


def _entries(flat: list[bytes]) -> list[tuple[int, str]]:
    """Pairs of a WITHSCORES reply; scores are whole numbers below 2^53, which Redis prints as such."""
    return [(int(score), member.decode()) for member, score in zip(flat[::2], flat[1::2], strict=True)]
