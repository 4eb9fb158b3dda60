"""A person's lists of videos: their own, liked, saved and watched ones."""

import httpx

from app.core import events, ids
from app.core.clock import system_ms
from app.ports.activity import View
from app.ports.videos import Failure
from app.services.video import lifecycle
from app.stores import Stores
from tests.api.asking import refusal, walk
from tests.factories import MEDIA, make_video, record, sign_up


async def watch(stores: Stores, user_id: str, video_id: str, author_id: str, at_ms: int) -> None:
    """A playback that began at `at_ms`."""
    view = View(
        event_id=ids.new("evt"),
        video_id=video_id,
        viewer=user_id,
        user_id=user_id,
        author_id=author_id,
        type="start",
        watched_ms=0,
        position_ms=0,
        playback_at=at_ms,
        at=at_ms,
        region=None,
        own=False,
    )
    await stores.activity.record_view(view, events.event("video.viewed", user_id, at_ms, video_id=video_id))


async def test_somebodys_videos_are_the_visible_ones_and_ones_own_are_all(
    client: httpx.AsyncClient, stores: Stores
) -> None:
    author, viewer = await sign_up(client), await sign_up(client)
    now_ms = system_ms()
    public = await make_video(stores, author.user_id, now_ms - 5)
    private = await make_video(stores, author.user_id, now_ms - 4, visibility="private")
    uploading = record(author.user_id, now_ms - 3)
    await stores.videos.create(uploading, quota_bytes=2**40)
    failed = record(author.user_id, now_ms - 2)
    await stores.videos.create(failed, quota_bytes=2**40)
    await stores.videos.save(lifecycle.failed(failed, Failure("no_video", "There is no picture."), now_ms)[0])
    deleted = await make_video(stores, author.user_id, now_ms - 1)
    await client.delete(f"/api/v1/videos/{deleted.video_id}", headers=author.headers)
    url = f"/api/v1/users/{author.user_id}/videos"

    for headers in (viewer.headers, {}):
        seen = (await client.get(url, headers=headers)).json()
        assert set(seen) == {"videos", "next_cursor", "has_more"}
        assert [(card["video_id"], "thumbnails" in card) for card in seen["videos"]] == [(public.video_id, False)]
    mine = await walk(client, f"{url}?limit=1", author.headers, key="videos")
    assert [(card["video_id"], card["status"]) for card in mine] == [
        (failed.video_id, "failed"),
        (uploading.video_id, "uploading"),
        (private.video_id, "active"),
        (public.video_id, "active"),
    ]
    assert (mine[0]["urls"], mine[0]["thumbnail_url"]) == ({}, None)
    assert [len(card["thumbnails"]) for card in mine] == [0, 0, 5, 5]


async def test_before_it_is_active_an_author_sees_it_under_a_signed_address(
    client: httpx.AsyncClient, stores: Stores
) -> None:
    author, viewer = await sign_up(client), await sign_up(client)
    now_ms = system_ms()
    waiting = record(author.user_id, now_ms)
    await stores.videos.create(waiting, quota_bytes=2**40)
    waiting = await stores.videos.save(lifecycle.uploaded(waiting, "video/mp4", now_ms)[0])
    await stores.videos.save(lifecycle.processed(waiting, MEDIA, 10_000, 720, 1280, now_ms)[0])

    card = (await client.get(f"/api/v1/videos/{waiting.video_id}", headers=author.headers)).json()
    download = await client.get(f"/api/v1/videos/{waiting.video_id}/download", headers=author.headers)

    assert (card["status"], card["visibility"]) == ("processing", "public")
    assert card["urls"]["master"].startswith("/media/~")
    assert download.json()["download_url"].startswith("/media/~")
    assert refusal(await client.get(f"/api/v1/videos/{waiting.video_id}", headers=viewer.headers)) == (404, "")


async def test_pages_of_a_profile_neither_repeat_nor_skip(client: httpx.AsyncClient, stores: Stores) -> None:
    author, viewer = await sign_up(client), await sign_up(client)
    at_ms = system_ms() - 1000
    shown = []
    for n in range(30):
        hidden = n % 3 != 0
        video = await make_video(stores, author.user_id, at_ms + n // 2, visibility="private" if hidden else "public")
        shown += [] if hidden else [video]
    shown.sort(key=lambda video: (video.created_at, video.video_id), reverse=True)

    async def publish() -> None:
        await make_video(stores, author.user_id)

    url = f"/api/v1/users/{author.user_id}/videos?limit=2"
    listed = await walk(client, url, viewer.headers, key="videos", meanwhile=publish)
    assert [card["video_id"] for card in listed] == [video.video_id for video in shown]


async def test_a_long_run_of_hidden_videos_is_not_the_end(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    at_ms = system_ms() - 1000
    oldest = await make_video(stores, author.user_id, at_ms)
    for n in range(15):
        await make_video(stores, author.user_id, at_ms + 1 + n, visibility="private")

    listed = await walk(client, f"/api/v1/users/{author.user_id}/videos?limit=1", key="videos")

    assert [card["video_id"] for card in listed] == [oldest.video_id]


async def test_history_is_what_one_watched_and_may_still_see(client: httpx.AsyncClient, stores: Stores) -> None:
    author, viewer, other = await sign_up(client), await sign_up(client), await sign_up(client)
    at_ms = system_ms() - 1000
    videos = [(await make_video(stores, author.user_id)).video_id for _ in range(5)]
    for n, video_id in enumerate(videos):
        await watch(stores, viewer.user_id, video_id, author.user_id, at_ms + n)
    await watch(stores, viewer.user_id, videos[0], author.user_id, at_ms + 10)
    await client.delete(f"/api/v1/videos/{videos[2]}", headers=author.headers)

    listed = await walk(client, "/api/v1/users/me/history?limit=2", viewer.headers)

    assert [card["video_id"] for card in listed] == [videos[n] for n in (0, 4, 3, 1, 0)]
    assert (await client.get("/api/v1/users/me/history", headers=other.headers)).json() == {
        "items": [],
        "next_cursor": None,
        "has_more": False,
    }


async def test_lists_are_for_one_reader_alone(client: httpx.AsyncClient, stores: Stores) -> None:
    author, one, other = await sign_up(client), await sign_up(client), await sign_up(client)
    for _ in range(3):
        video_id = (await make_video(stores, author.user_id)).video_id
        await client.post(f"/api/v1/videos/{video_id}/like", headers=one.headers)
    likes = "/api/v1/users/me/likes"
    cursor = (await client.get(f"{likes}?limit=1", headers=one.headers)).json()["next_cursor"]

    assert (await client.get(f"{likes}?cursor={cursor}", headers=one.headers)).status_code == 200
    for path, headers in (
        (likes, other.headers),
        ("/api/v1/users/me/saves", one.headers),
        ("/api/v1/users/me/history", one.headers),
        (f"/api/v1/users/{author.user_id}/videos", one.headers),
        (f"/api/v1/users/{one.user_id}/videos", one.headers),
        ("/api/v1/feed/following", one.headers),
        ("/api/v1/feed/trending", one.headers),
    ):
        assert refusal(await client.get(f"{path}?cursor={cursor}", headers=headers)) == (400, "?cursor")
    for query in (
        "limit=0",
        "limit=51",
        "limit=-5",
        "limit=1.5",
        "limit=" + "9" * 40,
        "cursor=%00",
        "cursor=" + "A" * 1025,
    ):
        answer = await client.get(f"{likes}?{query}", headers=one.headers)
        assert refusal(answer) == (400, "?" + query.partition("=")[0])
