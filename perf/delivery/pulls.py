"""What a reader pays for each creator that is pulled: a shared list more in the page's one trip, and in its merge."""

import time
from dataclasses import dataclass
from typing import Final

from app.adapters.redis.client import RedisClient
from app.core import ids
from app.core.clock import system_ms
from app.ports.feeds import KEEP
from app.services.feed.mix import newest
from app.stores import Stores
from perf.delivery.crowd import MINUTE_MS, user
from perf.delivery.feed_costs import valkey_cpu_s
from perf.delivery.scale import Scale

PAGE: Final = 20
READS: Final = 400


@dataclass(frozen=True)
class PullCosts:
    """CPU µs a page, by the slope between a page without pulled creators and one with `lists` of them."""

    lists: int
    page_worker_us: float  # a page from the built feed alone
    page_valkey_us: float
    list_worker_us: float  # each pulled creator more
    list_valkey_us: float


async def measure(stores: Stores, client: RedisClient, scale: Scale, rounds: int) -> PullCosts:
    """Pages without and with pulled creators in turns."""
    creators = [ids.new("usr") for _ in range(scale.pulled)]
    now_ms = system_ms()
    for place, creator in enumerate(creators):
        entries = [
            (at_ms := now_ms - (rank * scale.pulled + place) * MINUTE_MS, ids.new("vid", at_ms))
            for rank in range(1, KEEP["creator"] + 1)
        ]
        await stores.feeds.build("creator", creator, "0" * 16, entries)
    costs: dict[int, list[tuple[float, float]]] = {0: [], scale.pulled: []}
    for _ in range(rounds):
        for lists, found in costs.items():
            found.append(await _pages(stores, client, scale, creators[:lists]))
    (worker, valkey), (worker_all, valkey_all) = (min(found) for found in costs.values())
    return PullCosts(
        scale.pulled, worker, valkey, (worker_all - worker) / scale.pulled, (valkey_all - valkey) / scale.pulled
    )


async def _pages(stores: Stores, client: RedisClient, scale: Scale, creators: list[str]) -> tuple[float, float]:
    """(worker, Valkey) µs a page."""
    readers = [user(scale.step * (1 + number % scale.built)) for number in range(READS)]
    upper = system_ms()
    valkey_s, worker_s = await valkey_cpu_s(client), time.process_time()
    for reader in readers:
        built = await stores.feeds.read("following", reader, upper=upper, after=None, limit=PAGE)
        pulled = await stores.feeds.read_many("creator", creators, upper=upper, after=None, limit=PAGE)
        newest([found.entries for found in (built, *pulled) if found is not None], PAGE)
    worker_s = time.process_time() - worker_s
    return worker_s / READS * 1e6, (await valkey_cpu_s(client) - valkey_s) / READS * 1e6
