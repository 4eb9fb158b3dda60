"""`building:{user_id}`, a lease, and `order:{user_id}:{generation}`, ids of 30 bytes back to back."""

from collections.abc import Iterable, Sequence
from itertools import chain

from redis.exceptions import NoScriptError

from app.adapters.redis.client import RedisClient, Script, Word
from app.adapters.redis.feeds import feed_key, note_build, note_read, range_of, replacing, slice_of
from app.core.clock import LATEST_MS
from app.ports.feeds import KEEP, ORDER_SIZE, FeedSlice

ID_BYTES = 30
ORDER_NAME = 16  # of a generation

# KEYS lease; ARGV owner. Only the holder's own lease: another may hold it since.
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


class RedisBuilds:
    """`app.ports.builds.Builds`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def claim(self, user_id: str, owner: str, ttl_ms: int) -> tuple[bool, FeedSlice | None]:
        looks = range_of(feed_key("feed", user_id), LATEST_MS, None, KEEP["feed"])
        leased, *replies = await self._client.transaction([("SET", _lease(user_id), owner, "NX", "PX", ttl_ms), *looks])
        found = slice_of(replies, None, KEEP["feed"])
        note_read("feed", found)
        return leased is not None, found

    async def release(self, user_id: str, owner: str) -> None:
        await self._client.run(_RELEASE, [_lease(user_id)], (owner,))

    async def keep(
        self, user_id: str, owner: str, generation: str, first_score: int, video_ids: Sequence[str], order_ttl_s: int
    ) -> None:
        if len(video_ids) > ORDER_SIZE:
            raise ValueError(f"{len(video_ids)} videos are more than {ORDER_SIZE}")
        scores = range(first_score, first_score - len(video_ids), -1)
        entries: Iterable[Word] = chain.from_iterable(zip(scores, video_ids, strict=True))
        try:
            await self._client.transaction(
                [
                    *replacing("feed", user_id, generation, entries),
                    ("SET", _order(user_id, generation[:ORDER_NAME]), "".join(video_ids), "EX", order_ttl_s),
                    ("EVALSHA", _RELEASE.sha, 1, _lease(user_id), owner),
                ]
            )
        except NoScriptError:  # of the last; all others were done
            await self.release(user_id, owner)
        note_build("feed")

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
