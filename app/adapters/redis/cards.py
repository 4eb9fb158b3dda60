"""`card:{video_id}` (string, one day) and the documented `video:{video_id}` (hash, one hour)."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.adapters.redis.client import RedisClient, Script
from hotpath import cards as kernel
from hotpath import shelf

CARD_TTL_S = 24 * 3600
HASH_TTL_S = 3600
VERSION_BYTES = 20
BATCH = 100

# KEYS a card and its hash, alternating; ARGV version bytes, the two TTLs, then for each pair the card, the number of
# words of the hash, and those. Both follow one decision, so that the hash never tells an older story than the card.
_PUT = Script("""
local length, card_ttl, hash_ttl, at = tonumber(ARGV[1]), ARGV[2], ARGV[3], 4
for i = 1, #KEYS, 2 do
  local card, words = ARGV[at], tonumber(ARGV[at + 1])
  if redis.call('GETRANGE', KEYS[i], 0, length - 1) <= string.sub(card, 1, length) then
    redis.call('SET', KEYS[i], card, 'EX', card_ttl)
    redis.call('DEL', KEYS[i + 1])
    if words > 0 then
      redis.call('HSET', KEYS[i + 1], unpack(ARGV, at + 2, at + 1 + words))
      redis.call('EXPIRE', KEYS[i + 1], hash_ttl)
    end
  end
  at = at + 2 + words
end
""")
_SHA: Final = _PUT.sha.encode()
_OPTIONS: Final = [b"%d" % number for number in (VERSION_BYTES, CARD_TTL_S, HASH_TTL_S)]


class RedisCards:
    """`app.ports.cards.ReadCards`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def get_many(self, video_ids: Sequence[str]) -> list[bytes | None]:
        if not video_ids:
            return []
        cards: list[bytes | None] = await self._client.call("MGET", *(f"card:{video_id}" for video_id in video_ids))
        return cards

    def at_hand(self, _video_ids: list[str]) -> list[shelf.Entry | None] | None:
        return None

    async def fetch(self, video_ids: list[bytes]) -> list[shelf.Entry | None]:
        raws = await self.get_many([video_id.decode() for video_id in video_ids])
        return [_taken_in(video_id, raw) for video_id, raw in zip(video_ids, raws, strict=True)]

    async def put_many(self, cards: Mapping[str, bytes], hashes: Mapping[str, bytes]) -> None:
        video_ids = list(cards)
        for first in range(0, len(video_ids), BATCH):
            batch = video_ids[first : first + BATCH]
            raws = [cards[video_id] for video_id in batch]
            words = [hashes.get(video_id) for video_id in batch]
            await self._client.run_packed(_PUT, kernel.put(_SHA, _OPTIONS, batch, raws, words))


def _taken_in(video_id: bytes, raw: bytes | None) -> shelf.Entry | None:
    try:
        return None if raw is None else shelf.Entry(video_id, raw)
    except ValueError:
        return None
