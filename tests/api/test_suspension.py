"""Who is suspended is out, and what they made is gone: at once by its own address, from every list with the answer; and
it is all back when the suspension is lifted."""

import argparse

import httpx
import msgspec
import pytest
import redis.asyncio

from app import commands, features
from app.adapters.redis.cards import RedisCards
from app.adapters.redis.client import RedisClient
from app.cards.hydrate import Hydrator
from app.cards.renew import AuthorCards
from app.core import ids
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.errors import Unavailable
from app.core.events import event
from app.services.video.handlers import RenewCards
from app.stores import Stores
from tests.api.crowd import Crowd
from tests.api.feeding import stock
from tests.api.happenings import Happenings
from tests.factories import MEDIA, PASSWORD, Person, make_video, sign_up
from tests.waiting import until

UPPER = 2**52


async def suspend(settings: Settings, person: Person, reason: str = "", *, lift: bool = False) -> int:
    arguments = argparse.Namespace(user=f"@{person.username}", reason=reason, lift=lift)
    return await commands.suspend(settings, arguments)


async def once(data: bytes):  # type: ignore[no-untyped-def]  # a stream of one piece
    yield data


async def test_what_they_made_is_gone_everywhere_and_comes_back(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, api_settings: Settings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    category = author.username.replace("_", "")[:20]
    video_id = (await make_video(stores, author.user_id, category=category)).video_id
    other_id = (await make_video(stores, fan.user_id)).video_id
    for path in (f"users/{author.user_id}/follow", f"videos/{video_id}/like", f"videos/{video_id}/save"):
        assert (await client.post(f"/api/v1/{path}", headers=fan.headers)).status_code == 200
    await client.post(f"/api/v1/users/{fan.user_id}/follow", headers=author.headers)
    said = {"content": f"words of {author.username}"}
    assert (await client.post(f"/api/v1/videos/{other_id}/comments", json=said, headers=author.headers)).is_success
    await happenings.take_effect(author.user_id, fan.user_id, video_id)
    of_author = f"users/{author.user_id}"
    lists = (
        "feed/for-you?limit=50",
        "feed/following",
        f"feed/trending?category={category}",
        "users/me/likes",
        "users/me/saves",
        f"videos/{other_id}/comments",
        f"users/{fan.user_id}/followers",
    )
    own = (
        f"videos/{video_id}",
        of_author,
        f"{of_author}/videos",
        f"users/@{author.username}",
        f"{of_author}/followers",
    )

    async def shown() -> list[bool]:
        answers = [await client.get(f"/api/v1/{path}", headers=fan.headers) for path in lists]
        assert [answer.status_code for answer in answers] == [200] * len(lists)
        return [video_id in answer.text or author.user_id in answer.text for answer in answers]

    async def addressed() -> set[int]:
        return {
            (await client.get(f"/api/v1/{path}", headers=headers)).status_code
            for path in own
            for headers in (fan.headers, {})
        }

    assert await shown() == [True] * len(lists)
    assert await addressed() == {200}
    assert await suspend(api_settings, author) == 0
    assert await addressed() == {404}
    assert (await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)).status_code == 404
    assert (await client.post(f"/api/v1/{of_author}/follow", headers=fan.headers)).status_code == 404
    assert await shown() == [False] * len(lists)
    await happenings.take_effect(author.user_id)
    assert await shown() == [False] * len(lists)

    assert await suspend(api_settings, author, lift=True) == 0
    assert await addressed() == {200}
    await happenings.take_effect(author.user_id)
    assert await shown() == [True] * len(lists)


async def test_everybodys_trending_loses_them_within_two_seconds(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, api_settings: Settings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    category = author.username.replace("_", "")[:20]
    video_id = (await make_video(stores, author.user_id, category=category)).video_id
    await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)
    await happenings.take_effect(fan.user_id, video_id)

    async def shown(yes: bool) -> bool:
        answer = await client.get(f"/api/v1/feed/trending?category={category}")
        assert answer.status_code == 200
        return (video_id in answer.text) is yes

    assert await shown(True)
    await suspend(api_settings, author)  # with stores of its own, as another process
    await until(lambda: shown(False), 2, every_s=0.05)
    await suspend(api_settings, author, lift=True)
    await until(lambda: shown(True), 60, every_s=0.05)


async def test_their_media_are_not_served(client: httpx.AsyncClient, stores: Stores, api_settings: Settings) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    await stores.blobs.store(f"media/{video_id}/{MEDIA.attempt}/master.m3u8", once(b"#EXTM3U\n"), 8)
    address = f"/media/{video_id}/{MEDIA.version}/master.m3u8"

    async def answers(status: int) -> bool:
        return (await client.get(address)).status_code == status

    assert await answers(200)
    await suspend(api_settings, author)
    await until(lambda: answers(404), 2, every_s=0.05)
    await suspend(api_settings, author, lift=True)
    await until(lambda: answers(200), 2, every_s=0.05)


@pytest.mark.parametrize("flushed", [False, True])
async def test_they_are_out_within_two_seconds(
    client: httpx.AsyncClient, api_settings: Settings, redis_url: str, flushed: bool
) -> None:
    person = await sign_up(client)
    login = {"login": person.username, "password": PASSWORD}
    second = (await client.post("/api/v1/auth/login", json=login)).json()
    tokens = (person.tokens, second)
    headers = [{"authorization": f"Bearer {each['access_token']}"} for each in tokens]

    async def answers(status: int) -> bool:
        return all([(await client.get("/api/v1/users/me", headers=each)).status_code == status for each in headers])

    assert await answers(200)
    assert await suspend(api_settings, person, "selling followers") == 0
    if flushed:  # as if everything were, for this person
        async with redis.asyncio.from_url(redis_url) as direct:
            keys = [key async for key in direct.scan_iter("session:*", count=10_000)]
            await direct.delete(*keys)
    await until(lambda: answers(401), 2, every_s=0.05)
    for tried in (
        await client.post("/api/v1/auth/login", json=login),
        *[await client.post("/api/v1/auth/refresh", json={"refresh_token": t["refresh_token"]}) for t in tokens],
    ):
        assert (tried.status_code, tried.json()["code"]) == (403, "suspended")
        assert tried.json()["detail"] == "This account is suspended: selling followers"
    wrong = await client.post("/api/v1/auth/login", json=login | {"password": "not this one"})
    assert wrong.status_code == 401  # who does not know the password does not learn of it
    await suspend(api_settings, person, lift=True)
    assert await answers(401)  # the old sessions stay ended
    assert (await client.post("/api/v1/auth/login", json=login)).status_code == 200


async def test_the_command_says_what_it_did(
    client: httpx.AsyncClient, api_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    person = await sign_up(client)
    assert [await suspend(api_settings, person, lift=lift) for lift in (False, False, True, True)] == [0] * 4
    assert capsys.readouterr().out.splitlines()[-4:] == [
        f"@{person.username} is suspended; sessions ended: 1.",
        f"@{person.username} was suspended before.",
        f"@{person.username} is no longer suspended.",
        f"@{person.username} was not suspended.",
    ]
    nobody = argparse.Namespace(user=ids.new("usr"), reason="", lift=False)
    assert await commands.suspend(api_settings, nobody) == 1
    assert await suspend(api_settings, person, "\u202e") == 1
    assert capsys.readouterr().err.splitlines()[0] == "There is no such person."


@pytest.mark.parametrize("followers", [3, 12, 22])
async def test_following_feeds_lose_them_and_get_them_back_in_their_places(
    api_settings: Settings, stores: Stores, happenings: Happenings, followers: int
) -> None:
    crowd = Crowd(api_settings, stores, happenings, followers)
    await crowd.gather(25)
    creator, other = crowd.people[0].user_id, crowd.people[1].user_id
    await crowd.choose_active(crowd.people[::2])
    await crowd.have_followers(creator, followers)
    await crowd.have_followers(other, 6)
    for number in range(8):
        await crowd.publish(other if number % 2 else creator)
    await crowd.settle()
    suspensions = features.build(crowd.settings, stores, system_ms).suspensions

    async def compare(hidden: str) -> None:
        for person in crowd.people:
            expected = [video for video in crowd.expected(person.user_id) if crowd.shown[video][0] != hidden]
            assert await crowd.read(person.user_id, crowd.draw.choice([1, 3, 20])) == expected

    async def held() -> int:
        """How many of the creator's videos lie in built feeds and shared lists."""
        places = [("following", person.user_id) for person in crowd.people] + [("creator", creator)]
        slices = [await stores.feeds.read(kind, user, upper=UPPER, after=None, limit=100) for kind, user in places]  # type: ignore[arg-type]
        found = [video for each in slices if each for _, video in each.entries]
        return sum(crowd.shown[video][0] == creator for video in found)

    await compare(hidden="")  # builds everybody's feed
    before = await held()
    assert before
    await suspensions.suspend(creator, "", lambda: None)
    await compare(hidden=creator)  # before any event
    await crowd.deliver(await crowd.news())
    assert await held() == 0 or followers > 20  # who is pulled is left in older feeds
    await crowd.settle()  # old follows and publications once more, in any order
    await compare(hidden=creator)
    await crowd.publish(creator)  # what was being processed when they were suspended
    await crowd.settle()
    await compare(hidden=creator)
    await suspensions.lift(creator, lambda: None)
    await crowd.settle()
    await compare(hidden="")
    assert await held() >= before


async def test_an_author_of_many_videos_is_renewed_in_turns(
    client: httpx.AsyncClient, stores: Stores, built: features.Features
) -> None:
    author = await sign_up(client)
    videos = await stock(stores, author.user_id, 450)
    video_ids = [video.video_id for video in videos]
    await built.hydrator.rebuild(video_ids[:200])
    await built.hydrator.rebuild(video_ids[400:])
    await stores.suspensions.suspend(author.user_id, "", system_ms())
    renew = RenewCards(built.hydrator, built.author_cards, stores.progress, budget_s=0)
    fact = event("user.suspended", author.user_id, system_ms(), user_id=author.user_id)
    for _ in range(2):  # a piece a turn
        with pytest.raises(Unavailable):
            await renew([fact])
    await renew([fact])
    cards = await stores.cards.get_many(video_ids)
    assert all(card is not None and card[22:23] == b"-" for card in cards)


async def test_an_event_waits_for_a_cache_that_is_away(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    away = RedisClient("unix:///nonexistent/valkey.sock")
    hydrator = Hydrator(
        RedisCards(away), stores.viewers, stores.videos, stores.users, stores.musics, stores.graph, stores.reactions
    )
    await hydrator.rebuild([video_id])  # a request goes on without it
    renew = RenewCards(hydrator, AuthorCards(stores.videos, hydrator), stores.progress)
    for type_ in ("user.suspended", "video.deleted"):
        fact = event(type_, author.user_id, system_ms(), user_id=author.user_id, video_id=video_id)
        with pytest.raises(Unavailable):
            await renew([fact])
    whose = msgspec.structs.replace(fact, type="user.changed", data={"user_id": author.user_id})
    with pytest.raises(Unavailable):
        await renew([whose])
    await away.aclose()
