"""`active_users:{date}` and the run that makes the next one (`app.ports.active`)."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from app.adapters.redis.client import Command, RedisClient, Script
from app.core.clock import DAY_MS

TTL_S: Final = 3 * 86_400
RUN_TTL_S: Final = 2 * 3600
ARRIVALS: Final = "active_arrivals"

# KEYS today, yesterday, the run's bitmap, arrivals, scratch; ARGV version, TTL. (next XOR before) AND next is next AND
# NOT before; BITOP NOT would lose the bits behind the end of the shorter one.
_SETTLE = Script("""
local before = redis.call('EXISTS', KEYS[1]) == 1 and KEYS[1] or KEYS[2]
redis.call('SETBIT', KEYS[3], 0, redis.call('GETBIT', KEYS[3], 0))
redis.call('BITOP', 'XOR', KEYS[5], KEYS[3], before)
redis.call('BITOP', 'AND', KEYS[5], KEYS[5], KEYS[3])
redis.call('BITOP', 'OR', KEYS[4], KEYS[4], KEYS[5])
redis.call('DEL', KEYS[5])
redis.call('RENAME', KEYS[3], KEYS[1])
redis.call('DEL', KEYS[3] .. ':after')
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[1] .. ':version', ARGV[1], 'EX', ARGV[2])
redis.call('SET', KEYS[4] .. ':version', ARGV[1], 'EX', ARGV[2])
""")

# KEYS arrivals; ARGV version.
_WELCOME = Script("""
if redis.call('GET', KEYS[1] .. ':version') == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


class RedisActiveUsers:
    """`app.ports.active.ActiveUsers`. Keeps the last bitmap it read, and its version, in the process."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._kept: tuple[bytes, bytes] = (b"", b"")

    async def bitmap(self, now_ms: int) -> bytes:
        for key in _keys(now_ms):
            version: bytes | None = await self._client.call("GET", f"{key}:version")
            if version is not None and version == self._kept[0]:
                return self._kept[1]
            version, bits = await self._client.call("MGET", f"{key}:version", key)
            if bits is not None:
                self._kept = (version or b"", bits)
                return self._kept[1]
        return b""

    async def is_active(self, user_no: int, now_ms: int) -> bool:
        today, yesterday = _keys(now_ms)
        is_there, now, before, arriving = await self._client.transaction(
            [
                ("EXISTS", today),
                ("GETBIT", today, user_no),
                ("GETBIT", yesterday, user_no),
                ("GETBIT", ARRIVALS, user_no),
            ]
        )
        return bool(now if is_there else before) and not arriving

    async def staged(self, run: str) -> str:
        after_id: bytes | None = await self._client.call("GET", f"{_run(run)}:after")
        return (after_id or b"").decode()

    async def stage(self, run: str, user_nos: Sequence[int], after_id: str) -> None:
        key = _run(run)
        bits: list[Command] = [("SETBIT", key, user_no, 1) for user_no in user_nos]
        progress: list[Command] = [("SET", f"{key}:after", after_id, "EX", RUN_TTL_S), ("EXPIRE", key, RUN_TTL_S)]
        await self._client.transaction([*bits, *progress])

    async def settle(self, run: str, now_ms: int) -> str:
        version = secrets.token_hex(8)
        keys = (*_keys(now_ms), _run(run), ARRIVALS, f"{ARRIVALS}:scratch")
        await self._client.run(_SETTLE, keys, (version, TTL_S))
        return version

    async def arrivals(self) -> list[int]:
        bits: bytes = await self._client.call("GET", ARRIVALS) or b""
        return [place * 8 + bit for place, byte in enumerate(bits) if byte for bit in range(8) if byte & (0x80 >> bit)]

    async def welcome(self, version: str) -> None:
        await self._client.run(_WELCOME, [ARRIVALS], (version,))


def _keys(now_ms: int) -> tuple[str, str]:
    """Today's key and yesterday's."""
    return _key(now_ms), _key(now_ms - DAY_MS)


def _key(at_ms: int) -> str:
    return f"active_users:{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}"


def _run(run: str) -> str:
    return f"active_run:{run}"
