"""Follow, block, mute: who sees whom, everywhere."""

import asyncio

import httpx
import pytest

from app.core import ids
from app.stores import Stores
from tests.api.asking import refusal, walk
from tests.api.happenings import Happenings
from tests.factories import Person, make_video, sign_up


async def befriend(client: httpx.AsyncClient, one: Person, other: Person) -> None:
    """Each follows the other."""
    for follower, followed in ((one, other), (other, one)):
        await client.post(f"/api/v1/users/{followed.user_id}/follow", headers=follower.headers)


async def test_a_follow_counts_once_by_id_or_by_name(client: httpx.AsyncClient) -> None:
    star, fan = await sign_up(client), await sign_up(client)
    url = f"/api/v1/users/{star.user_id}/follow"

    answers = await asyncio.gather(*(client.post(url, headers=fan.headers) for _ in range(30)))
    by_name = await client.post(f"/api/v1/users/@{star.username}/follow", headers=fan.headers)

    assert {answer.text for answer in [*answers, by_name]} == {'{"success":true,"follower_count":1}'}
    profile = (await client.get(f"/api/v1/users/@{star.username}", headers=fan.headers)).json()
    assert profile["viewer"] == {"following": True, "followed_by": False, "blocked": False, "muted": False}
    assert (profile["follower_count"], profile["following_count"]) == (1, 0)
    assert (await client.delete(url, headers=fan.headers)).json() == {"success": True, "follower_count": 0}
    assert (await client.delete(url, headers=fan.headers)).json() == {"success": True, "follower_count": 0}


@pytest.mark.parametrize(
    ("edge", "count"), [("follow", "follower_count"), ("block", "blocked_count"), ("mute", "muted_count")]
)
async def test_an_older_wish_changes_nothing(client: httpx.AsyncClient, edge: str, count: str) -> None:
    one, other = await sign_up(client), await sign_up(client)
    url = f"/api/v1/users/{other.user_id}/{edge}"

    assert (await client.post(f"{url}?op_seq=7", headers=one.headers)).json() == {"success": True, count: 1}
    assert (await client.delete(f"{url}?op_seq=6", headers=one.headers)).json()[count] == 1
    assert (await client.delete(f"{url}?op_seq=8", headers=one.headers)).json()[count] == 0
    assert refusal(await client.post(f"{url}?op_seq=-8", headers=one.headers)) == (400, "?op_seq")


@pytest.mark.parametrize("edge", ["follow", "block", "mute"])
async def test_nobody_can_be_their_own_or_nobodys(client: httpx.AsyncClient, edge: str) -> None:
    one = await sign_up(client)

    assert refusal(await client.post(f"/api/v1/users/{one.user_id}/{edge}", headers=one.headers))[0] == 400
    for reference in (ids.new("usr"), "usr_x", "@nobody.at.all", "@", "@admin", "me", "%00", "@%00", "@a%E2%80%AEb"):
        assert refusal(await client.post(f"/api/v1/users/{reference}/{edge}", headers=one.headers)) == (404, "")
    assert refusal(await client.post(f"/api/v1/users/{ids.new('usr')}/{edge}")) == (401, "")
    assert refusal(await client.post(f"/api/v1/users/{'x' * 100}/{edge}", headers=one.headers))[0] == 400


async def test_a_block_ends_follows_and_hides_both_ways(client: httpx.AsyncClient, stores: Stores) -> None:
    one, other = await sign_up(client), await sign_up(client)
    await befriend(client, one, other)
    videos = {person.user_id: (await make_video(stores, person.user_id)).video_id for person in (one, other)}
    for viewer, author in ((one, other), (other, one)):
        await client.post(f"/api/v1/videos/{videos[author.user_id]}/like", headers=viewer.headers)
        assert len((await client.get("/api/v1/feed/following", headers=viewer.headers)).json()["videos"]) == 1

    blocked = await client.post(f"/api/v1/users/{other.user_id}/block", headers=one.headers)

    assert blocked.json() == {"success": True, "blocked_count": 1}
    for viewer, author in ((one, other), (other, one)):
        video_id = videos[author.user_id]
        assert refusal(await client.get(f"/api/v1/videos/{video_id}", headers=viewer.headers)) == (404, "")
        assert refusal(await client.get(f"/api/v1/videos/{video_id}/download", headers=viewer.headers)) == (404, "")
        for path, key in (
            ("feed/following", "videos"),
            ("feed/for-you?limit=50", "videos"),
            ("users/me/likes", "items"),
        ):
            page = (await client.get(f"/api/v1/{path}", headers=viewer.headers)).json()
            assert video_id not in [card["video_id"] for card in page[key]], path
        assert refusal(await client.post(f"/api/v1/users/{author.user_id}/follow", headers=viewer.headers)) == (404, "")
        me = (await client.get("/api/v1/users/me", headers=viewer.headers)).json()
        assert (me["follower_count"], me["following_count"]) == (0, 0)


async def test_whoever_is_blocked_finds_nobody_and_whoever_blocks_may_lift_it(
    client: httpx.AsyncClient, stores: Stores
) -> None:
    one, other = await sign_up(client), await sign_up(client)
    await make_video(stores, other.user_id)
    await client.post(f"/api/v1/users/{other.user_id}/block", headers=one.headers)

    for path in ("", "/videos", "/followers", "/following"):
        for reference in (one.user_id, f"@{one.username}"):
            assert refusal(await client.get(f"/api/v1/users/{reference}{path}", headers=other.headers)) == (404, "")
    profile = (await client.get(f"/api/v1/users/{other.user_id}", headers=one.headers)).json()
    assert profile["viewer"]["blocked"]
    assert (await client.get(f"/api/v1/users/{other.user_id}/videos", headers=one.headers)).json()["videos"] == []
    lifted = await client.delete(f"/api/v1/users/{other.user_id}/block", headers=one.headers)
    assert lifted.json()["blocked_count"] == 0
    assert (await client.get(f"/api/v1/users/{one.user_id}", headers=other.headers)).status_code == 200
    assert len((await client.get(f"/api/v1/users/{other.user_id}/videos", headers=one.headers)).json()["videos"]) == 1


async def test_blocked_people_are_missing_from_others_lists(client: httpx.AsyncClient) -> None:
    star, one, other, third = [await sign_up(client) for _ in range(4)]
    for fan in (one, other, third):
        await client.post(f"/api/v1/users/{star.user_id}/follow", headers=fan.headers)
        await client.post(f"/api/v1/users/{fan.user_id}/follow", headers=star.headers)
    await client.post(f"/api/v1/users/{other.user_id}/block", headers=one.headers)

    for side in ("followers", "following"):
        url = f"/api/v1/users/{star.user_id}/{side}?limit=1"
        for reader, hidden in ((one, other), (other, one)):
            listed = [person["user_id"] for person in await walk(client, url, reader.headers)]
            assert listed == [person.user_id for person in (third, other, one) if person is not hidden]
        assert len(await walk(client, url)) == 3


async def test_mute_takes_videos_out_of_feeds_alone(client: httpx.AsyncClient, stores: Stores) -> None:
    author, viewer = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=viewer.headers)
    video_id = (await make_video(stores, author.user_id)).video_id
    await client.post(f"/api/v1/videos/{video_id}/like", headers=viewer.headers)

    muted = await client.post(f"/api/v1/users/{author.user_id}/mute", headers=viewer.headers)

    assert muted.json() == {"success": True, "muted_count": 1}
    for path in ("feed/following", "feed/for-you?limit=50"):
        page = (await client.get(f"/api/v1/{path}", headers=viewer.headers)).json()
        assert video_id not in [card["video_id"] for card in page["videos"]]
    assert (await client.get(f"/api/v1/videos/{video_id}", headers=viewer.headers)).status_code == 200
    likes = (await client.get("/api/v1/users/me/likes", headers=viewer.headers)).json()["items"]
    profile = (await client.get(f"/api/v1/users/{author.user_id}/videos", headers=viewer.headers)).json()["videos"]
    assert [card["video_id"] for card in likes + profile] == [video_id] * 2
    await client.delete(f"/api/v1/users/{author.user_id}/mute", headers=viewer.headers)
    page = (await client.get("/api/v1/feed/following", headers=viewer.headers)).json()
    assert [card["video_id"] for card in page["videos"]] == [video_id]


async def test_friends_are_those_who_follow_each_other(client: httpx.AsyncClient, stores: Stores) -> None:
    author, friend, fan, followed = [await sign_up(client) for _ in range(4)]
    await befriend(client, author, friend)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    await client.post(f"/api/v1/users/{followed.user_id}/follow", headers=author.headers)
    video_id = (await make_video(stores, author.user_id, visibility="friends")).video_id

    async def sees(headers: dict[str, str]) -> tuple[bool, bool]:
        route = (await client.get(f"/api/v1/videos/{video_id}", headers=headers)).status_code == 200
        listed = (await client.get(f"/api/v1/users/{author.user_id}/videos", headers=headers)).json()["videos"]
        return route, len(listed) == 1

    assert [await sees(person.headers) for person in (author, friend)] == [(True, True)] * 2
    assert [await sees(headers) for headers in (fan.headers, followed.headers, {})] == [(False, False)] * 3
    card = (await client.get(f"/api/v1/videos/{video_id}", headers=friend.headers)).json()
    assert card["urls"]["master"].startswith("/media/~")
    feed = (await client.get("/api/v1/feed/following", headers=friend.headers)).json()["videos"]
    assert [each["video_id"] for each in feed] == [video_id]
    assert (await client.get("/api/v1/feed/following", headers=fan.headers)).json()["videos"] == []
    await client.delete(f"/api/v1/users/{friend.user_id}/follow", headers=author.headers)
    assert await sees(friend.headers) == (False, False)


async def test_private_is_for_the_author_alone(client: httpx.AsyncClient, stores: Stores) -> None:
    author, friend = await sign_up(client), await sign_up(client)
    await befriend(client, author, friend)
    video_id = (await make_video(stores, author.user_id, visibility="private")).video_id

    for headers in (friend.headers, {}):
        assert refusal(await client.get(f"/api/v1/videos/{video_id}", headers=headers)) == (404, "")
        assert refusal(await client.get(f"/api/v1/videos/{video_id}/download", headers=headers)) == (404, "")
        assert refusal(await client.get(f"/api/v1/videos/{video_id}/comments", headers=headers)) == (404, "")
        listed = await client.get(f"/api/v1/users/{author.user_id}/videos", headers=headers)
        assert listed.json()["videos"] == []
    assert (await client.get("/api/v1/feed/following", headers=friend.headers)).json()["videos"] == []
    own = (await client.get(f"/api/v1/videos/{video_id}", headers=author.headers)).json()
    assert own["urls"]["master"].startswith("/media/~")
    mine = (await client.get(f"/api/v1/users/{author.user_id}/videos", headers=author.headers)).json()["videos"]
    assert [card["video_id"] for card in mine] == [video_id]


async def test_an_ended_follow_counts_before_any_event_arrives(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    video = await make_video(stores, author.user_id)
    assert len((await client.get("/api/v1/feed/following", headers=fan.headers)).json()["videos"]) == 1

    await client.delete(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    late = await make_video(stores, author.user_id)
    await happenings.take_effect(video.video_id, late.video_id)

    assert (await client.get("/api/v1/feed/following", headers=fan.headers)).json()["videos"] == []


async def test_lists_of_followers_do_not_shift_while_they_grow(client: httpx.AsyncClient) -> None:
    star, first = await sign_up(client), await sign_up(client)
    fans = [await sign_up(client) for _ in range(5)]
    for fan in fans:
        await client.post(f"/api/v1/users/{star.user_id}/follow", headers=fan.headers)

    async def more() -> None:
        await client.post(f"/api/v1/users/{star.user_id}/follow", headers=first.headers)

    url = f"/api/v1/users/{star.user_id}/followers?limit=2"
    listed = await walk(client, url, meanwhile=more)

    assert [person["user_id"] for person in listed] == [fan.user_id for fan in fans[::-1]]
    assert set(listed[0]) == {"user_id", "username", "display_name", "avatar_url", "verified"}
    assert len(await walk(client, url)) == 6
    for query in ("limit=0", "limit=51", "cursor=AAAA"):
        answer = await client.get(f"/api/v1/users/{star.user_id}/followers?{query}")
        assert refusal(answer) == (400, "?" + query.partition("=")[0])
    foreign = (await client.get(url)).json()["next_cursor"]
    answer = await client.get(f"/api/v1/users/{star.user_id}/following?cursor={foreign}")
    assert refusal(answer) == (400, "?cursor")
