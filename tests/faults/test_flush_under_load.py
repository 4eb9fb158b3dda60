"""The cache forgets everything while hundreds read their feeds: no error, one build a feed, soon all as before."""

import asyncio
import time

import httpx
import msgspec
import pytest
import redis.asyncio

from app.core import ids
from app.core.clock import system_ms
from app.core.tokens import Tokens
from app.stores import Stores, open_stores
from tests.contract.people import join, new_account, new_session
from tests.factories import make_video
from tests.faults.open_loop import Answer, Ask, steadily
from tests.faults.running import json, running_kinora

USERS, AUTHORS, VIDEOS, FOLLOWED = 300, 30, 10, 10
KINDS = {"feed": "for-you", "following": "following"}  # as the metrics call them, and as the address does
TOGETHER = 3  # requests for one feed at one time: those that come while it is built must wait for that build
MOST_PER_S, SHARE = 60.0, 0.5  # of the rate at which feeds that are not built are answered, by this machine, now
BUILDERS = 4
ROUND_S = 20.0  # in which everybody asks for both feeds
WATCHED_S = 60.0
AGAIN = 0.8


class Reads(msgspec.Struct, frozen=True):
    """Reads of built feeds and builds of them, so far."""

    hits: float
    misses: float
    builds: dict[str, float]  # by kind
    lost: float  # builds that another one overtook


async def reads(client: httpx.AsyncClient) -> Reads:
    text = (await client.get("/metrics")).text
    found = {name: float(n) for name, _, n in (line.rpartition(" ") for line in text.splitlines() if line[0] != "#")}

    def total(metric: str, kind: str, outcome: str) -> float:
        return found.get(f'{metric}{{kind="{kind}",outcome="{outcome}"}}', 0.0)

    return Reads(
        sum(total("kinora_feed_reads_total", kind, "hit") for kind in KINDS),
        sum(total("kinora_feed_reads_total", kind, "miss") for kind in KINDS),
        {kind: total("kinora_feed_builds_total", kind, "kept") for kind in KINDS},
        sum(total("kinora_feed_builds_total", kind, "lost") for kind in KINDS),
    )


async def gather(stores: Stores, issuer: str) -> list[dict[str, str]]:
    """The headers of people who follow some of the authors, all of whom have published."""
    authors = [(await join(stores.accounts)).user_id for _ in range(AUTHORS)]
    for author_id in authors * VIDEOS:
        await make_video(stores, author_id)
    tokens, people = Tokens(stores.keys, issuer), []
    for number in range(USERS):
        now_ms, user_id = system_ms(), ids.new("usr")
        session = new_session(user_id, at_ms=now_ms)
        await stores.accounts.register(new_account(user_id), session, ids.new("tok").encode())
        for step in range(FOLLOWED):
            author_id = authors[(number + step) % AUTHORS]
            await stores.graph.toggle("follow", user_id, author_id, True, op_seq=None, now_ms=now_ms, events=[])
        people.append({"authorization": f"Bearer {tokens.mint(user_id, session.session_id, now_ms)}"})
    return people


def address(kind: str) -> str:
    return f"/api/v1/feed/{KINDS[kind]}"


async def builds_per_s(client: httpx.AsyncClient, people: list[dict[str, str]]) -> float:
    """Has every feed built, a few at a time; how many a second."""
    waiting = [(kind, headers) for kind in KINDS for headers in people]
    began_s = time.monotonic()

    async def build() -> None:
        while waiting:
            kind, headers = waiting.pop()
            json(await client.get(address(kind), headers=headers))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(BUILDERS):
            tasks.create_task(build())
    return len(KINDS) * len(people) / (time.monotonic() - began_s)


def asking(client: httpx.AsyncClient, people: list[dict[str, str]]) -> Ask:
    """For You and Following in turns, everybody in turn, some requests for the same feed together."""
    kinds = list(KINDS)

    async def ask(number: int) -> httpx.Response:
        group = number // TOGETHER
        kind = kinds[group // len(people) % len(kinds)]
        return await client.get(address(kind), headers=people[group % len(people)])

    return ask


async def hit_rates(client: httpx.AsyncClient, until_s: float) -> list[tuple[float, float]]:
    """The share of hits in each second until then: (when it ended, share)."""
    found: list[tuple[float, float]] = []
    before = await reads(client)
    while time.monotonic() < until_s:
        await asyncio.sleep(1.0)  # the share of a second is what is looked at
        now = await reads(client)
        hits, misses = now.hits - before.hits, now.misses - before.misses
        if hits + misses:
            found.append((time.monotonic(), hits / (hits + misses)))
        before = now
    return found


def report(answers: list[Answer], rates: list[tuple[float, float]], flushed_s: float) -> str:
    took = {
        when: sorted(answer.took_s for answer in answers if (answer.due_s < flushed_s) == (when == "before"))
        for when in ("before", "after")
    }
    tails = {w: f"p50 {1e3 * t[len(t) // 2]:.0f} p99 {1e3 * t[len(t) * 99 // 100]:.0f} ms" for w, t in took.items()}
    shares = " ".join(f"{share:.0%}" for at_s, share in rates if at_s < flushed_s + 20)
    return f"{len(answers)} answers, {tails}; hits each second after the flush: {shares}"


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_flush_under_load_costs_no_error_and_one_build_a_feed() -> None:
    limits = httpx.Limits(max_connections=200)
    async with running_kinora() as kinora:
        async with open_stores(kinora.settings) as stores:
            people = await gather(stores, kinora.settings.public_url)
        async with httpx.AsyncClient(base_url=kinora.client.base_url, timeout=30, limits=limits) as client:
            per_s = min(MOST_PER_S, SHARE * await builds_per_s(client, people))
            people = people[: int(per_s * ROUND_S / len(KINDS) / TOGETHER)]
            before = await reads(kinora.client)
            stop = asyncio.Event()
            going = asyncio.create_task(steadily(asking(client, people), per_s, stop, together=TOGETHER))
            try:
                await hit_rates(kinora.client, time.monotonic() + ROUND_S / 4)
                async with redis.asyncio.from_url(kinora.settings.redis_url) as valkey:
                    assert await valkey.flushall()
                flushed_s = time.monotonic()
                rates = await hit_rates(kinora.client, flushed_s + WATCHED_S)
            finally:
                stop.set()
                answers = await going
            after = await reads(kinora.client)
    print(f"{len(people)} people, {per_s:.0f} a second: {report(answers, rates, flushed_s)}")
    refused = [f"{answer.due_s - flushed_s:+.1f} s: {answer.said}" for answer in answers if answer.status != 200]
    assert refused == []
    built = {kind: after.builds[kind] - before.builds[kind] for kind in KINDS}
    # Who looked just before a build ended, and asks just after, builds once more: one after the other, and rarely.
    assert all(len(people) <= count <= 1.05 * len(people) for count in built.values()), built
    assert after.lost == before.lost, "two builds of one feed at one time"
    below = [at_s - flushed_s for at_s, share in rates if share < AGAIN]
    assert below, "nothing was missed: the flush did not reach the feeds"
    assert max(below) < WATCHED_S - 10
