"""`explore`: a sorted set of new videos by how many places they were given."""

from collections.abc import Sequence

from app.adapters.redis.client import RedisClient

KEY = "explore"
TTL_S = 7 * 24 * 3600
KEEP = 20_000  # videos; beyond that those with the most places go


class RedisExploration:
    """`app.ports.exploration.Exploration`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def admit(self, video_ids: Sequence[str]) -> None:
        if not video_ids:
            return
        words = [word for video_id in video_ids for word in (0, video_id)]
        await self._client.transaction(
            [("ZADD", KEY, "NX", *words), ("ZREMRANGEBYRANK", KEY, KEEP, -1), ("EXPIRE", KEY, TTL_S)]
        )

    async def least(self, below: int, limit: int) -> list[str]:
        found: list[bytes] = await self._client.call("ZRANGE", KEY, 0, f"({below}", "BYSCORE", "LIMIT", 0, limit)
        return [*map(bytes.decode, found)]

    async def placed(self, video_ids: Sequence[str]) -> list[int]:
        if not video_ids:
            return []
        counts = await self._client.pipeline([("ZADD", KEY, "XX", "INCR", 1, video_id) for video_id in video_ids])
        return [int(count or 0) for count in counts]

    async def forget(self, video_ids: Sequence[str]) -> None:
        if video_ids:
            await self._client.call("ZREM", KEY, *video_ids)
