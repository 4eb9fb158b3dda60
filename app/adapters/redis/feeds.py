"""Built feeds as sorted sets with a marker member `!{generation}` at score -1 (`app.ports.feeds`).

Redis orders members of one score by their bytes, so a reverse range is exactly (score desc, id desc).
"""

from array import array
from collections.abc import Sequence

from redis.exceptions import NoScriptError

from app.adapters.redis.client import Command, RedisClient, Script
from app.ports.feeds import KEEP, TTL_S, FeedSlice, Kind
from hotpath import fanout

MARKER_SCORE = -1
DEEPEST = 2_000  # entries that paging may grow a feed to; the next push trims it to its kind's size

# KEYS feeds; ARGV score, member, entries to keep. EXISTS is the guard: ZADD on an absent key would fabricate a feed of
# one video. Rank 0 is the marker.
_PUSH = Script("""
local added = 0
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 and redis.call('ZADD', key, 'NX', ARGV[1], ARGV[2]) == 1 then
    local trimmed = redis.call('ZREMRANGEBYRANK', key, 1, -tonumber(ARGV[3]) - 1)
    if trimmed == 0 or redis.call('ZSCORE', key, ARGV[2]) then added = added + 1 end
  end
end
return added
""")

# KEYS feed; ARGV marker, entries to keep, then score and member of each.
_EXTEND = Script("""
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
for at = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'NX', ARGV[at], ARGV[at + 1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 1, -tonumber(ARGV[2]) - 1)
return 1
""")


class RedisFeeds:
    """`app.ports.feeds.Feeds`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def read(
        self, kind: Kind, user_id: str, *, upper: int, after: tuple[int, str] | None, limit: int
    ) -> FeedSlice | None:
        key = _key(kind, user_id)
        commands: list[Command] = [("ZRANGE", key, 0, 0)]
        if after is None or after[0] > upper:
            commands.append(_down_from(key, str(upper), limit))
        else:
            # The entries of the last score served are asked for apart: where among them to go on is told by the id,
            # which may have left the feed meanwhile.
            commands.append(("ZRANGE", key, after[0], after[0], "BYSCORE", "REV", "WITHSCORES"))
            commands.append(_down_from(key, f"({after[0]}", limit))
        (marker, *found) = await self._client.transaction(commands)
        if not marker or not marker[0].startswith(b"!"):
            return None
        entries = [entry for flat in found for entry in _entries(flat) if after is None or entry < after]
        return FeedSlice(marker[0][1:].decode(), entries[:limit])

    async def build(self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]]) -> None:
        key = _key(kind, user_id)
        await self._client.transaction(
            [
                ("DEL", key),
                ("ZADD", key, MARKER_SCORE, f"!{generation}", *_words(entries)),
                ("ZREMRANGEBYRANK", key, 1, -KEEP[kind] - 1),
                ("EXPIRE", key, TTL_S[kind]),
            ]
        )

    async def extend(self, kind: Kind, user_id: str, generation: str, entries: Sequence[tuple[int, str]]) -> bool:
        args = (f"!{generation}", DEEPEST, *_words(entries))
        return bool(await self._client.run(_EXTEND, [_key(kind, user_id)], args))

    async def push(self, kind: Kind, followers: bytes, user_nos: Sequence[int], video_id: str, score: int) -> int:
        commands = fanout.encode(
            followers,
            array("I", user_nos),
            None,  # whether a feed is built says it better than whether its user is active
            _PUSH.sha.encode(),
            f"{kind}:".encode(),
            video_id.encode(),
            score,
            KEEP[kind],
        )
        return sum([await self._push(packed) for packed, _ in commands])  # one at a time: Redis serves others between

    async def remove(self, kind: Kind, user_id: str, video_ids: Sequence[str]) -> None:
        if video_ids:
            await self._client.call("ZREM", _key(kind, user_id), *video_ids)

    async def drop(self, kind: Kind, user_id: str) -> None:
        await self._client.call("DEL", _key(kind, user_id))

    async def remember(self, kind: Kind, session_id: str, value: bytes, ttl_s: int) -> None:
        await self._client.call("SET", _page_key(kind, session_id), value, "EX", ttl_s)

    async def recall(self, kind: Kind, session_id: str) -> bytes | None:
        value: bytes | None = await self._client.call("GET", _page_key(kind, session_id))
        return value

    async def _push(self, packed: bytes) -> int:
        try:
            added: int = await self._client.packed(packed)
        except NoScriptError:
            await self._client.call("SCRIPT", "LOAD", _PUSH.source)
            added = await self._client.packed(packed)
        return added


def _key(kind: Kind, user_id: str) -> str:
    return f"{kind}:{user_id}"


def _page_key(kind: Kind, session_id: str) -> str:
    return f"page:{kind}:{session_id}"


def _down_from(key: str, bound: str, limit: int) -> Command:
    return ("ZRANGE", key, bound, 0, "BYSCORE", "REV", "LIMIT", 0, limit, "WITHSCORES")


def _words(entries: Sequence[tuple[int, str]]) -> list[int | str]:
    return [word for entry in entries for word in entry]


def _entries(flat: list[bytes]) -> list[tuple[int, str]]:
    """Pairs of a WITHSCORES reply; scores are whole numbers below 2^53, which Redis prints as such."""
    return [(int(score), member.decode()) for member, score in zip(flat[::2], flat[1::2], strict=True)]
