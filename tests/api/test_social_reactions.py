"""Likes, saves and shares: each write once, visible to its author at once, and only where it may be."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core import ids
from app.stores import Stores
from tests.api.asking import refusal, walk
from tests.api.happenings import Happenings
from tests.factories import make_video, sign_up

TOGGLES = [("like", "like_count"), ("save", "save_count")]


@pytest.mark.parametrize(("noun", "count"), TOGGLES)
async def test_a_toggle_counts_once_however_often_it_is_sent(
    client: httpx.AsyncClient, stores: Stores, noun: str, count: str
) -> None:
    author, fan, other = await sign_up(client), await sign_up(client), await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}/{noun}"

    for _ in range(3):
        assert (await client.post(url, headers=fan.headers)).json() == {"success": True, count: 1}
    assert (await client.post(url, headers=other.headers)).json() == {"success": True, count: 2}
    for _ in range(3):
        assert (await client.delete(url, headers=fan.headers)).json() == {"success": True, count: 1}


@pytest.mark.parametrize(("noun", "count"), TOGGLES)
async def test_an_older_wish_that_comes_late_changes_nothing(
    client: httpx.AsyncClient, stores: Stores, noun: str, count: str
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}/{noun}"

    assert (await client.post(f"{url}?op_seq=5", headers=fan.headers)).json()[count] == 1
    assert (await client.delete(f"{url}?op_seq=4", headers=fan.headers)).json()[count] == 1
    assert (await client.delete(f"{url}?op_seq=6", headers=fan.headers)).json()[count] == 0
    assert (await client.post(f"{url}?op_seq=6", headers=fan.headers)).json()[count] == 0
    assert (await client.post(url, headers=fan.headers)).json()[count] == 1  # without a number: as asked


@pytest.mark.parametrize("op_seq", ["-1", "x", "1.5", str(2**53 + 1), "9" * 400, "", "%00"])
async def test_a_bad_op_seq_is_named(client: httpx.AsyncClient, stores: Stores, op_seq: str) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}/like"

    assert refusal(await client.post(f"{url}?op_seq={op_seq}", headers=fan.headers)) == (400, "?op_seq")
    assert (await client.delete(url, headers=fan.headers)).json()["like_count"] == 0


async def test_two_hundred_likes_at_once_are_one_row_and_one_event(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video = await make_video(stores, author.user_id)

    async def like() -> httpx.Response:
        for _ in range(20):
            answer = await client.post(f"/api/v1/videos/{video.video_id}/like", headers=fan.headers)
            if answer.status_code != 503:  # a rush beyond what the pool takes in time is told to come again
                break
        return answer

    answers = await asyncio.gather(*(like() for _ in range(200)))

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["like_count"] for answer in answers} == {1}
    assert (await stores.reactions.counts([video.video_id]))[video.video_id].likes == 1
    assert [e.type for e in await happenings.of(fan.user_id) if e.data.get("video_id") == video.video_id] == [
        "video.liked"
    ]


async def test_flags_stand_on_cards_at_once_and_counts_follow(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video = await make_video(stores, author.user_id)
    url = f"/api/v1/videos/{video.video_id}"

    async def cards() -> list[dict[str, Any]]:
        profile = (await client.get(f"/api/v1/users/{author.user_id}/videos", headers=fan.headers)).json()["videos"]
        feed = (await client.get("/api/v1/feed/following", headers=fan.headers)).json()["videos"]
        return [(await client.get(url, headers=fan.headers)).json(), *profile, *feed]

    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    await client.post(f"{url}/like", headers=fan.headers)
    await client.post(f"{url}/save", headers=fan.headers)
    flags = [card["user_interaction"] for card in await cards()]
    assert flags == [{"liked": True, "saved": True, "following": True}] * 3

    await client.delete(f"{url}/like", headers=fan.headers)
    assert [card["user_interaction"]["liked"] for card in await cards()] == [False] * 3
    await client.post(f"{url}/like", headers=fan.headers)
    await happenings.take_effect(fan.user_id)
    assert [(card["stats"]["likes"], card["stats"]["saves"]) for card in await cards()] == [(1, 1)] * 3
    assert (await client.get(f"/api/v1/users/{author.user_id}")).json()["total_likes"] == 1


async def test_a_share_gives_the_address_and_counts_each_time(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/videos/{video_id}/share"

    first = (await client.post(url, headers=fan.headers, json={})).json()
    second = (await client.post(url, headers=fan.headers, json={"channel": "sms"})).json()

    assert first["success"]
    assert first["share_url"].endswith(f"/v/{video_id}")
    assert [first["share_count"], second["share_count"]] == [1, 2]
    for channel in ("", "UPPER", "a b", "x" * 21, None, 5, "\x00"):
        answer = await client.post(url, headers=fan.headers, json={"channel": channel})
        assert refusal(answer) == (400, "/channel")
    assert (await stores.reactions.counts([video_id]))[video_id].shares == 2


async def test_what_one_may_not_see_one_cannot_react_to(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    hidden = [
        (await make_video(stores, author.user_id, visibility="private")).video_id,
        (await make_video(stores, author.user_id, visibility="friends")).video_id,
        ids.new("vid"),
        "vid_short",
        author.user_id,
        "%00",
    ]
    deleted = (await make_video(stores, author.user_id)).video_id
    await client.delete(f"/api/v1/videos/{deleted}", headers=author.headers)

    for video_id in [*hidden, deleted]:
        for verb, noun in (("POST", "like"), ("DELETE", "like"), ("POST", "save"), ("DELETE", "save")):
            answer = await client.request(verb, f"/api/v1/videos/{video_id}/{noun}", headers=fan.headers)
            assert refusal(answer) == (404, "")
        answer = await client.post(f"/api/v1/videos/{video_id}/share", headers=fan.headers, json={})
        assert refusal(answer) == (404, "")


async def test_without_a_token_nothing_is_written(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id

    for verb, path in (("POST", "like"), ("DELETE", "like"), ("POST", "save"), ("DELETE", "save"), ("POST", "share")):
        body: dict[str, Any] = {"json": {}} if path == "share" else {}
        answer = await client.request(verb, f"/api/v1/videos/{video_id}/{path}", **body)
        assert refusal(answer) == (401, "")
    assert await stores.reactions.counts([video_id]) == {}


async def test_lists_of_likes_and_saves_do_not_shift_while_they_grow(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    videos = [(await make_video(stores, author.user_id)).video_id for _ in range(9)]
    for noun in ("like", "save"):
        for video_id in videos:
            await client.post(f"/api/v1/videos/{video_id}/{noun}", headers=fan.headers)
        await stores.videos.get(videos[4])

        async def more(noun: str = noun) -> None:
            video_id = (await make_video(stores, author.user_id)).video_id
            await client.post(f"/api/v1/videos/{video_id}/{noun}", headers=fan.headers)

        listed = await walk(client, f"/api/v1/users/me/{noun}s?limit=2", fan.headers, meanwhile=more)
        assert [card["video_id"] for card in listed] == videos[::-1]
        assert all(card["user_interaction"][f"{noun}d"] for card in listed)


async def test_hidden_videos_leave_the_list_of_likes_but_no_gap(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    videos = [(await make_video(stores, author.user_id)).video_id for _ in range(8)]
    for video_id in videos:
        await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)
    for video_id in videos[2:6]:
        await client.patch(f"/api/v1/videos/{video_id}", headers=author.headers, json={"visibility": "private"})

    first = (await client.get("/api/v1/users/me/likes?limit=3", headers=fan.headers)).json()

    assert [card["video_id"] for card in first["items"]] == [videos[7], videos[6], videos[1]]
    rest = await client.get(f"/api/v1/users/me/likes?cursor={first['next_cursor']}", headers=fan.headers)
    assert [card["video_id"] for card in rest.json()["items"]] == [videos[0]]
    assert rest.json()["next_cursor"] is None
