"""The limit's log as pages keep it: seldom tended, and never gone before its window is over."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.hot import RedisHotPages
from app.adapters.redis.limiter import RedisLimiter
from app.adapters.redis.pipe import Pipe
from app.core.ids import new
from app.ports.limiter import Verdict
from hotpath import hits, readers, seals, shelf

WINDOW_S: Final = 60
POLICY: Final = ("feed", 5, WINDOW_S)
UPPER_MS: Final = 1_800_000_000_000


class Reader:
    """Somebody who asks for pages of a feed that is not built, in a process whose clock stands where it is put."""

    def __init__(self, pipe: Pipe, client: RedisClient) -> None:
        self.now_s = 1000.0
        self._client = client
        self._limiter = RedisLimiter(client, now_s=lambda: self.now_s)
        self._pages = RedisHotPages(pipe, pipe, self._limiter)
        seal = seals.Seal(b"secret", 16)
        questions = self._pages.questions("feed", POLICY, 60)
        self._hits = hits.Hits(
            "feed", 0, POLICY[1:], questions, self._pages.admitted, shelf.Shelf(1000), seal, seal, (b"",) * 8, b"", {}
        )
        user_id, session_id = new("usr"), new("ses")
        self.key = self._pages.log_of(user_id, POLICY)
        self._reader = readers.Reader(user_id.encode(), session_id.encode(), UPPER_MS + 1, self.key)

    async def begin(self) -> None:
        """Learns the server's time, as any process does by its first request."""
        await self._limiter.take(new("usr"), "feed", 5, WINDOW_S)

    async def page(self) -> bool:
        """Whether it was admitted."""
        stamp_us, began_ms = self._pages.stamp() or (0, 0)
        # Of a lot that tends no log but where it is due.
        hit = self._hits.ask(self._reader, b"", UPPER_MS, stamp_us // hits.TENDS * hits.TENDS + 1, began_ms)
        if hit is None:
            return False
        replies = await self._pages.fetch(hit)
        if self._hits.read(hit, replies) != hits.JUDGE:
            return True
        verdict: Verdict = await self._pages.judge(hit, POLICY, replies)
        return verdict.allowed

    async def kept_ms(self) -> int:
        return int(await self._client.call("PTTL", self.key))


@pytest.fixture
async def reader(redis_url: str, client: RedisClient) -> AsyncIterator[Reader]:
    pipe = Pipe(redis_url, whole_arrays=True)
    await pipe.start()
    reader = Reader(pipe, client)
    await reader.begin()
    yield reader
    await pipe.aclose()


async def test_a_log_is_kept_for_two_windows_and_tended_once_in_half_a_one(reader: Reader, client: RedisClient) -> None:
    await reader.page()
    assert 119_000 < await reader.kept_ms() <= 120_000
    await client.call("PEXPIRE", reader.key, 91_000)
    reader.now_s += 29
    await reader.page()
    assert 90_000 < await reader.kept_ms() <= 91_000  # what was pushed now stays for more than its window
    reader.now_s += 1
    await reader.page()
    assert 119_000 < await reader.kept_ms() <= 120_000


async def test_a_log_that_was_lost_gets_an_end_again(reader: Reader, client: RedisClient) -> None:
    await reader.page()
    await client.call("DEL", reader.key)
    await reader.page()
    await reader.page()  # what the page before told Redis was told first
    assert 119_000 < await reader.kept_ms() <= 120_000


async def test_what_left_the_window_does_not_count_though_the_log_is_long(reader: Reader, client: RedisClient) -> None:
    await reader.page()
    await client.call("RPUSH", reader.key, *range(1_600_000_000_000_020, 1_600_000_000_000_000, -1))
    assert [await reader.page() for _ in range(6)] == [True] * 4 + [False] * 2


async def test_the_limit_is_admitted_and_no_more(reader: Reader) -> None:
    assert [await reader.page() for _ in range(8)] == [True] * 5 + [False] * 3
