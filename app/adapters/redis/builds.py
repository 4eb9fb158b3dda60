"""`building:{user_id}`, a lease, and `order:{user_id}:{generation}`, ids of 30 bytes back to back."""

from collections.abc import Sequence

from app.adapters.redis.client import RedisClient, Script

ID_BYTES = 30

# KEYS lease; ARGV owner. Only the holder's own lease: another may hold it since.
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


class RedisBuilds:
    """`app.ports.builds.Builds`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def lease(self, user_id: str, owner: str, ttl_ms: int) -> bool:
        return bool(await self._client.call("SET", _lease(user_id), owner, "NX", "PX", ttl_ms))

    async def release(self, user_id: str, owner: str) -> None:
        await self._client.run(_RELEASE, [_lease(user_id)], (owner,))

    async def keep_order(self, user_id: str, generation: str, video_ids: Sequence[str], ttl_s: int) -> None:
        await self._client.call("SET", _order(user_id, generation), "".join(video_ids), "EX", ttl_s)

    async def orders(self, user_id: str, generations: Sequence[str]) -> list[list[str]]:
        if not generations:
            return []
        found: list[bytes | None] = await self._client.call(
            "MGET", *(_order(user_id, generation) for generation in generations)
        )
        return [_ids(packed.decode()) if packed else [] for packed in found]


def _lease(user_id: str) -> str:
    return f"building:{user_id}"


def _order(user_id: str, generation: str) -> str:
    return f"order:{user_id}:{generation}"


def _ids(packed: str) -> list[str]:
    return [packed[at : at + ID_BYTES] for at in range(0, len(packed), ID_BYTES)]
