"""`viewer:{user_id}`: the blob of a viewer's flags, guarded by the fence `viewerv:{user_id}`.

A fence is never counted but drawn: after Redis forgot everything a counter would come to the same values again, and a
blob read before a change could pass for one read after it. An absent fence admits nothing for the same reason.
"""

import secrets
from collections.abc import Sequence

from app.adapters.redis.client import RedisClient, Script

BLOB_TTL_S = 3600
FENCE_TTL_S = 2 * BLOB_TTL_S  # longer than any rebuild, and than the blob it let in
BATCH = 500

# KEYS blob, fence; ARGV a new fence, its TTL. Reading the fence keeps it alive for the rebuild that follows.
_GET = Script("""
redis.call('SET', KEYS[2], ARGV[1], 'NX', 'EX', ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}
""")

# KEYS blob, fence; ARGV the fence it was read under, blob, its TTL.
_PUT = Script("""
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
""")


class RedisViewers:
    """`app.ports.cards.Viewers`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def get(self, user_id: str) -> tuple[bytes | None, int]:
        blob: bytes | None
        blob, fence = await self._client.call("MGET", *_keys(user_id))
        if blob is None:  # only a rebuild needs a fence that is sure to be there
            blob, fence = await self._client.run(_GET, _keys(user_id), (_draw(), FENCE_TTL_S))
        return blob, int(fence or 0)

    async def put(self, user_id: str, blob: bytes, fence: int) -> None:
        await self._client.run(_PUT, _keys(user_id), (fence, blob, BLOB_TTL_S))

    async def changed(self, user_ids: Sequence[str]) -> None:
        for first in range(0, len(user_ids), BATCH):
            batch = user_ids[first : first + BATCH]
            await self._client.transaction(
                [
                    ("DEL", *(f"viewer:{user_id}" for user_id in batch)),
                    *(("SET", f"viewerv:{user_id}", _draw(), "EX", FENCE_TTL_S) for user_id in batch),
                ]
            )


def _keys(user_id: str) -> tuple[str, str]:
    return f"viewer:{user_id}", f"viewerv:{user_id}"


def _draw() -> int:
    return secrets.randbits(63)
