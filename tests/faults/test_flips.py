"""Ten thousand flips of visibility and blocks under load: what was hidden is in no answer that was asked for later."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from app.stores import open_stores
from tests.factories import Person, make_video, sign_up
from tests.faults.flip_history import History, Late
from tests.faults.flip_load import LISTS, Cast, Flips, Readers
from tests.faults.running import Kinora, json, running_kinora

FLIPS = 10_000
AUTHORS, VIDEOS, FRIENDS, FOLLOWERS = 20, 18, 3, 6
WRITERS, READERS = 6, 6
SEED = 1


def test_an_answer_asked_for_after_a_hide_is_late() -> None:
    history = History()
    history.hide("v", ["v"], ["fan"], 10.0)
    history.answered("video", "fan", ["v"], began_s=10.0, asked=["v"])
    history.answered("following", "fan", ["v", "w"], began_s=12.5)
    assert history.late == [Late("video", "fan", "v", 0.0), Late("following", "fan", "v", 2.5)]
    assert history.judged == {"video": 1, "following": 1}


def test_an_answer_asked_for_before_or_within_the_grace_is_not() -> None:
    history = History()
    history.hide("v", ["v"], ["fan"], 10.0)
    history.answered("video", "fan", ["v"], began_s=9.99, asked=["v"])
    history.answered("following", "fan", ["v"], began_s=11.9)
    history.answered("video", "friend", ["v"], began_s=11.0, asked=["v"])
    history.answered("video", "fan", [], began_s=11.0, asked=["v"])
    history.reopen("v", ["v"])
    history.answered("video", "fan", ["v"], began_s=11.0, asked=["v"])  # it may have been shown again before it arrived
    assert history.late == []
    assert history.judged == {"video": 1}


def test_of_two_reasons_to_hide_either_counts() -> None:
    history = History()
    history.hide("v", ["v"], ["fan"], 10.0)
    history.hide(("author", "fan"), ["v", "w"], ["fan"], 11.0)
    history.reopen("v", ["v"])
    history.answered("video", "fan", ["v"], began_s=10.5, asked=["v"])
    history.answered("video", "fan", ["v"], began_s=11.5, asked=["v"])
    assert history.late == [Late("video", "fan", "v", 0.5)]


async def gather(kinora: Kinora) -> Cast:
    """Everybody signed up, every video published, everybody following."""
    client = kinora.client

    async def people(stem: str, count: int) -> dict[str, Person]:
        made = [await sign_up(client, stem) for _ in range(count)]
        return {person.user_id: person for person in made}

    authors = await people("author", AUTHORS)
    friends, followers = await people("friend", FRIENDS), await people("fan", FOLLOWERS)
    async with open_stores(kinora.settings) as stores:
        made = [await make_video(stores, author_id) for author_id in authors for _ in range(VIDEOS)]
    for author_id, author in authors.items():
        for reader in (friends | followers).values():
            json(await client.post(f"/api/v1/users/{author_id}/follow", headers=reader.headers))
        for friend_id in friends:
            json(await client.post(f"/api/v1/users/{friend_id}/follow", headers=author.headers))
    return Cast(authors, {video.video_id: video.user_id for video in made}, friends, followers)


def serving(folder: Path) -> int:
    """Processes that answered requests, by the metrics that each writes for itself."""
    return sum(b"kinora_request_seconds" in path.read_bytes() for path in folder.glob("histogram_*.db"))


@pytest.mark.long
@pytest.mark.timeout(900)  # a minute and a half where nobody else works
async def test_what_is_hidden_is_in_no_later_answer() -> None:
    began_s = time.monotonic()
    async with (
        running_kinora(KINORA_API_PROCESSES="2") as kinora,
        httpx.AsyncClient(base_url=kinora.client.base_url, timeout=30) as onlookers,
    ):
        cast, history, stop = await gather(kinora), History(), asyncio.Event()
        flips = Flips(kinora.client, cast, history, FLIPS, SEED)
        readers = Readers(onlookers, cast, history, flips, SEED)
        ready_s = time.monotonic()
        reading = asyncio.create_task(readers.go(READERS, stop))
        try:
            await flips.go(WRITERS)
        finally:
            stop.set()
            await reading
        assert serving(kinora.settings.data.metrics) == 2
    print(
        f"ready after {ready_s - began_s:.0f} s; {flips.done.total()} flips {dict(flips.done)} and {readers.answered} "
        f"answers in {time.monotonic() - ready_s:.0f} s; judged {dict(history.judged)}"
    )
    assert history.late == []
    assert flips.done.total() == FLIPS
    for surface in (*LISTS, "video", "like", "comment"):
        assert history.shown[surface] >= 100, surface
        assert history.judged[surface] >= 100, surface
