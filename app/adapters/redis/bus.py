"""The event bus on streams: `bus:{epoch}:{topic}:{partition}`, and `bus:epoch` that says which life they belong to.

`bus:epoch` holds `{epoch} {run id of the server}`, and an epoch is over as soon as any of its memory may be gone: the
key, one of the streams (begin makes them all), or the process, which after a restart remembers what it last wrote to
disk and after a failover what it had received: in both cases perhaps not all that it had acknowledged.

Offsets are stream ids of a fixed width, so that their order is that of their text.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.adapters.redis.client import RedisClient, Script, Word
from app.core.events import TOPICS, Event
from app.ports.bus import PARTITIONS, Delivered, Outgoing, partition_of

EPOCH_KEY = "bus:epoch"
TIMEOUT_S = 5.0  # of the bus's own client: reads wait in Redis
BATCH_ENTRIES = 500
BATCH_BYTES = 2**22
SWEEP_PAGES = 10_000  # of 1,000 keys each
SHOWN_BYTES = 10_000  # of each part of an entry that can't be read

# Defines alive(epoch) for the scripts below. KEYS bus:epoch and all streams of the epoch.
_ALIVE = """
local function alive(epoch)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  return redis.call('GET', KEYS[1]) == epoch .. ' ' .. run and redis.call('EXISTS', unpack(KEYS, 2)) == #KEYS - 1
end
"""
_CHECK = Script(_ALIVE + "return alive(ARGV[1]) and 1 or 0")

# KEYS as above; ARGV epoch, then the number (from 1) of a stream and an entry, alternating.
_PUBLISH = Script(
    _ALIVE
    + """
if not alive(ARGV[1]) then return 0 end
for at = 2, #ARGV, 2 do redis.call('XADD', KEYS[1 + ARGV[at]], '*', 'o', ARGV[at + 1]) end
return 1
"""
)

# KEYS as above, of the new epoch; ARGV new epoch, what bus:epoch held when the old one was found to be over.
# A stream that is made with a group and loses it stays, empty.
_BEGIN = Script("""
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[2] then return 0 end
for at = 2, #KEYS do
  redis.call('UNLINK', KEYS[at])
  redis.call('XGROUP', 'CREATE', KEYS[at], 'none', '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[at], 'none')
end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. run)
return 1
""")

# KEYS bus:epoch and other keys of the bus: forgets what is not of the present epoch.
_SWEEP = Script("""
local epoch = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) ')
for at = 2, #KEYS do
  if epoch and not string.find(KEYS[at], 'bus:' .. epoch .. ':', 1, true) then redis.call('UNLINK', KEYS[at]) end
end
""")


class RedisBus:
    """`app.ports.bus.Bus`, on a client of its own: each reader holds a connection while it waits."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def epoch(self) -> str | None:
        epoch = _epoch_in(await self._client.call("GET", EPOCH_KEY))
        return epoch if epoch and await self._alive(epoch) else None

    async def begin(self, epoch: str) -> bool:
        before: bytes = await self._client.call("GET", EPOCH_KEY) or b""
        old = _epoch_in(before)
        if old and await self._alive(old):
            return False
        begun = bool(await self._client.run(_BEGIN, _keys(epoch), (epoch, before)))
        if begun:
            await self._sweep()
        return begun

    async def publish(self, epoch: str, batch: Sequence[Outgoing]) -> bool:
        keys = _keys(epoch)
        for args in _chunks(batch):
            if not await self._client.run(_PUBLISH, keys, (epoch, *args)):
                return False  # what an earlier chunk appended is gone with its epoch
        return True

    async def read(
        self, epoch: str, topic: str, offsets: dict[int, str], *, limit: int, wait_ms: int
    ) -> dict[int, list[Delivered]] | None:
        streams = {_stream(epoch, topic, partition): partition for partition in offsets}
        after = [_stream_id(offset) for offset in offsets.values()]
        found: list[Any] | None = await self._client.call(
            "XREAD", "COUNT", limit, "BLOCK", max(1, wait_ms), "STREAMS", *streams, *after
        )
        # Checked after reading: a stream that was lost and begun anew meanwhile would look like one without news.
        if not await self._alive(epoch):
            return None
        read: dict[int, list[Delivered]] = {}
        for key, entries in found or ():
            partition = streams[key.decode()]
            read[partition] = [_delivered(topic, partition, entry_id, words) for entry_id, words in entries]
        return read

    async def trim(self, epoch: str, topic: str, partition: int, before: str) -> None:
        milliseconds, sequence = map(int, before.split("-"))
        await self._client.call("XTRIM", _stream(epoch, topic, partition), "MINID", f"{milliseconds}-{sequence + 1}")

    async def depth(self, epoch: str, topic: str) -> int:
        lengths = await self._client.pipeline([("XLEN", _stream(epoch, topic, p)) for p in range(PARTITIONS)])
        return sum(lengths)

    async def _alive(self, epoch: str) -> bool:
        return bool(await self._client.run(_CHECK, _keys(epoch), (epoch,)))

    async def _sweep(self) -> None:
        """Frees what former epochs left, which is a lot if only the process was restarted."""
        cursor = b"0"
        for _ in range(SWEEP_PAGES):
            cursor, keys = await self._client.call("SCAN", cursor, "MATCH", "bus:*:*", "COUNT", 1000)
            if keys:
                await self._client.run(_SWEEP, [EPOCH_KEY, *keys], ())
            if cursor == b"0":
                return


def _keys(epoch: str) -> list[Word]:
    return [EPOCH_KEY, *(_stream(epoch, topic, partition) for topic in TOPICS for partition in range(PARTITIONS))]


def _stream(epoch: str, topic: str, partition: int) -> str:
    return f"bus:{epoch}:{topic}:{partition}"


def _epoch_in(value: bytes | None) -> str | None:
    return value.decode().partition(" ")[0] if value else None


def _chunks(batch: Sequence[Outgoing]) -> Iterator[list[Word]]:
    """Arguments of publish calls, each of bounded length and size (but at least one entry)."""
    args: list[Word] = []
    size_bytes = 0
    for outgoing in batch:
        entry = msgspec.json.encode(outgoing)
        if args and (len(args) >= 2 * BATCH_ENTRIES or size_bytes + len(entry) > BATCH_BYTES):
            yield args
            args, size_bytes = [], 0
        args += (_place(outgoing.event), entry)
        size_bytes += len(entry)
    if args:
        yield args


def _place(event: Event) -> int:
    """Which of the epoch's streams is the event's, from 1."""
    return TOPICS.index(event.topic) * PARTITIONS + partition_of(event.key) + 1


def _offset(entry_id: bytes) -> str:
    milliseconds, sequence = map(int, entry_id.split(b"-"))
    return f"{milliseconds:020d}-{sequence:020d}"


def _stream_id(offset: str) -> str:
    return "-".join(str(int(part)) for part in offset.split("-")) if offset else "0"


def _delivered(topic: str, partition: int, entry_id: bytes, words: Sequence[bytes]) -> Delivered:
    """The entry; one that is not ours to read comes as an event of no known type, which consumers set aside."""
    offset = _offset(entry_id)
    raw = words[1] if len(words) == 2 and words[0] == b"o" else b""
    try:
        return Delivered(offset, msgspec.json.decode(raw, type=Outgoing))
    except msgspec.DecodeError as error:
        name = f"{topic}/{partition}/{offset}"
        data = {"error": str(error), "entry": [word[:SHOWN_BYTES].decode(errors="replace") for word in words]}
        return Delivered(offset, Outgoing("", 0, Event(name, "undecodable", name, 0, data)))
