"""Counters: whatever is toggled, retried and overtaken, and however often and in whatever order its events arrive,
every count of every entity is that of its rows in the end."""

import asyncio
import random
import time

import pytest

from app import workers
from app.http.viewer import Viewer
from tests.model.counts import compare_counts
from tests.model.crowd import Crowd
from tests.model.world import World

PEOPLE, VIDEOS = 8, 6
QUIET_WITHIN_S = 60.0


async def storm(crowd: Crowd, video_id: str, draw: random.Random) -> None:
    """Each person's likes and unlikes, all at once: numbered wishes, each sent up to three times, in any order."""
    toggle = crowd.world.serving.reactions.toggle
    film = crowd.model.films[video_id]

    async def insist(viewer: Viewer) -> None:
        wishes = [(op_seq, draw.random() < 0.5) for op_seq in range(1, 6)]
        sent = [wish for wish in wishes for _ in range(draw.randint(1, 3))]
        draw.shuffle(sent)
        for first in range(0, len(sent), 4):
            some = sent[first : first + 4]
            await asyncio.gather(*(toggle("like", viewer, video_id, on, op_seq) for op_seq, on in some))
        (film.likes.add if wishes[-1][1] else film.likes.discard)(viewer.user_id)

    for viewer in crowd.logins.values():  # one after another: each brings four requests at once
        await insist(viewer)


async def live(crowd: Crowd, draw: random.Random) -> None:
    """Everything that is counted, in a random mix."""
    names = crowd.model.people
    for number in range(VIDEOS):
        await crowd.publish(names[number % 3])
    videos = list(crowd.model.films)
    for video_id in videos:
        await storm(crowd, video_id, draw)
    for _ in range(80):
        one, other, video_id = draw.choice(names), draw.choice(names), draw.choice(videos)
        match draw.randrange(6):
            case 0:
                await crowd.toggle("follow", one, other, draw.random() < 0.7)
            case 1:
                await crowd.react("save", one, video_id, draw.random() < 0.7, draw.choice(["plain", "next", "late"]))
            case 2:
                await crowd.comment(one, video_id)
            case 3:
                await crowd.share(one, video_id)
            case 4:
                await crowd.watch_some("feed", one, draw.randrange(9), draw.random() < 0.3)
            case _:
                await crowd.toggle("block", one, other, draw.random() < 0.3)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
async def test_every_count_is_that_of_its_rows(world: World, seed: int) -> None:
    draw, crowd = random.Random(seed), Crowd(world)
    await crowd.gather(PEOPLE)
    await live(crowd, draw)
    quiet_s = time.monotonic()
    await crowd.deliver(list(world.groups), draw, draw.randint(2, 5))
    await crowd.redeliver(list(world.groups), draw, draw.randint(2, 5))
    await crowd.settle(draw)
    await compare_counts(crowd.world.stores, crowd.model)
    found = {report.kind: report async for report in workers.reconciler(world.stores, world.serving).run(repair=False)}
    assert time.monotonic() - quiet_s < QUIET_WITHIN_S
    assert {kind for kind, report in found.items() if report.drifted} == set()
    counted = {"likes", "saves", "comments", "shares", "followers", "following", "likes_received", "copies", "views"}
    assert counted <= {kind for kind, report in found.items() if report.compared}
