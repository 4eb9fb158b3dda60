"""`session:{session_id}`: whether a session lives, as JSON `{"state": …}` for a day."""

from typing import Final

import msgspec

from app.adapters.redis.client import RedisClient
from app.ports.sessions import Liveness

TTL_S = 24 * 3600


class _Entry(msgspec.Struct):
    state: Liveness


class RedisSessions:
    """`app.ports.sessions.SessionCache`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def get(self, session_id: str) -> Liveness | None:
        entry: bytes | None = await self._client.call("GET", f"session:{session_id}")
        if entry is None:
            return None
        try:
            return msgspec.json.decode(entry, type=_Entry).state
        except msgspec.DecodeError:  # another version of the program wrote it: as good as absent
            return None

    async def fill(self, session_id: str, liveness: Liveness) -> None:
        await self._client.call("SET", f"session:{session_id}", _entry(liveness), "EX", TTL_S, "NX")

    async def revoked(self, session_id: str) -> None:
        await self._client.call("SET", f"session:{session_id}", _entry("revoked"), "EX", TTL_S)


def _entry(liveness: Liveness) -> bytes:
    return msgspec.json.encode(_Entry(liveness))


ALIVE: Final = _entry("alive")
