"""`seen:{user_id}`: the filter of `hotpath.seen` in one value, to which adding is appending; 14 days after the last.

What was appended is worked in by whoever finds 64 marks of it, under the condition that nothing came in between: else
the next one does it.
"""

from collections.abc import Mapping, Sequence

from app.adapters.redis.client import RedisClient, Script
from hotpath import seen as kernel

TTL_S = 14 * 24 * 3600  # of two generations
MOST_APPENDED = 64
USERS_AT_ONCE = 500
HEADER_BYTES = 16

# KEYS filters; ARGV the TTL, then the marks for each. Answers header and length of those that are there.
_APPEND = Script("""
local found = {}
for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    local length = redis.call('APPEND', key, ARGV[i + 1])
    redis.call('EXPIRE', key, ARGV[1])
    found[i] = {redis.call('GETRANGE', key, 0, 15), length}
  else
    found[i] = false
  end
end
return found
""")

# KEYS filter; ARGV what it was, what it becomes.
_REPLACE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') end
""")


class RedisFilter:
    """`app.ports.seen.Filter`."""

    def __init__(self, kept: bytes) -> None:
        self._kept = kept

    def known(self, video_ids: Sequence[str]) -> bytes:
        return kernel.contains(self._kept, _packed(video_ids))


class RedisSeen:
    """`app.ports.seen.Seen`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def add(self, shown: Mapping[str, Sequence[str]], now_ms: int) -> None:
        if len(shown) > USERS_AT_ONCE:
            raise ValueError(f"{len(shown)} users are more than {USERS_AT_ONCE}")
        if not shown:
            return
        keys = [_key(user_id) for user_id in shown]
        marks = [kernel.marks(_packed(video_ids)) for video_ids in shown.values()]
        found = await self._client.run(_APPEND, keys, (TTL_S, *marks))
        for key, one in zip(keys, found, strict=True):
            if one is not None and _appended(*one) >= MOST_APPENDED:
                await self._tidy(key, now_ms)

    async def filter(self, user_id: str) -> RedisFilter | None:
        kept: bytes | None = await self._client.call("GET", _key(user_id))
        return None if kept is None else RedisFilter(kept)

    async def build(self, user_id: str, video_ids: Sequence[str], now_ms: int) -> None:
        kept = kernel.add(kernel.empty(now_ms), _packed(video_ids), now_ms)
        await self._client.call("SET", _key(user_id), kept, "EX", TTL_S)

    async def _tidy(self, key: str, now_ms: int) -> None:
        kept: bytes | None = await self._client.call("GET", key)
        if kept is not None:
            await self._client.run(_REPLACE, [key], (kept, kernel.add(kept, b"", now_ms)))


def _key(user_id: str) -> str:
    return f"seen:{user_id}"


def _packed(video_ids: Sequence[str]) -> bytes:
    return "".join(video_ids).encode("ascii")


def _appended(header: bytes, length: int) -> int:
    """Marks behind what is worked in, told from the header alone."""
    worked_in = int.from_bytes(header[10:12], "little") + int.from_bytes(header[14:16], "little")
    return (length - HEADER_BYTES - worked_in) // kernel.MARK_BYTES
