"""`trending:{scope}`: the served lists as sorted sets. The member `!` at score -1 makes an empty list a list."""

from collections.abc import Sequence

from app.adapters.redis.client import RedisClient

LONGEST = 100
_MARKER, _MARKER_SCORE = "!", -1


class RedisTrendingLists:
    """`app.ports.trending.TrendingLists`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def replace(self, scope: str, entries: Sequence[tuple[str, int]], ttl_s: int) -> None:
        key = f"trending:{scope}"
        pairs = [word for video_id, score in entries for word in (score, video_id)]
        await self._client.transaction(
            [
                ("DEL", key),
                ("ZADD", key, _MARKER_SCORE, _MARKER, *pairs),
                ("ZREMRANGEBYRANK", key, 1, -LONGEST - 1),
                ("EXPIRE", key, ttl_s),
            ]
        )

    async def read(self, scope: str) -> list[tuple[str, int]] | None:
        flat: list[bytes] = await self._client.call("ZRANGE", f"trending:{scope}", 0, -1, "REV", "WITHSCORES")
        if not flat:
            return None
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return [(member.decode(), int(score)) for member, score in pairs if member != _MARKER.encode()]

    async def best(self, scopes: Sequence[str]) -> list[list[str]]:
        lists = await self._client.pipeline([("ZRANGE", f"trending:{scope}", 0, -1, "REV") for scope in scopes])
        # The marker has the lowest score of all, and is last.
        return [[member.decode() for member in members[:-1]] for members in lists]
