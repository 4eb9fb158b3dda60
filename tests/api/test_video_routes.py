"""One video after its upload: its card, changes, deletion, download, and the music it names."""

from typing import Any

import httpx
import msgspec
import pytest

from app.core import ids
from app.core.clock import system_ms
from app.ports.music import Music
from app.services.video import lifecycle
from app.stores import Stores
from tests.api.asking import HOSTILE, each, refusal, walk
from tests.api.asking import ids as ids_of
from tests.api.happenings import Happenings
from tests.api.uploading import body_of
from tests.factories import make_video, record, sign_up

CARD_KEYS = {
    *("video_id", "user", "title", "description", "category", "hashtags", "created_at", "published_at", "status"),
    *("visibility", "allow_comments", "allow_duet", "allow_stitch", "width", "height", "location", "urls"),
    *("thumbnail_url", "thumbnails", "preview_sprite_url", "preview_vtt_url", "duration_sec", "stats"),
    *("user_interaction", "music"),
}


async def test_a_video_has_its_documented_shape(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video = await make_video(stores, author.user_id)

    card = (await client.get(f"/api/v1/videos/{video.video_id}")).json()

    base = f"/media/{video.video_id}/a1.0"
    assert set(card) == CARD_KEYS
    assert set(card["user"]) == {"user_id", "username", "display_name", "avatar_url", "verified"}
    assert card["stats"] == dict.fromkeys(("views", "likes", "comments", "shares", "saves"), 0)
    assert card["user_interaction"] == {"liked": False, "saved": False, "following": False}
    assert card["urls"] == {
        "360p": f"{base}/360p/playlist.m3u8",
        "720p": f"{base}/720p/playlist.m3u8",
        "master": f"{base}/master.m3u8",
        "dash": f"{base}/manifest.mpd",
    }
    assert card["thumbnails"] == [f"{base}/thumbnails/{n}.jpg" for n in range(5)]
    assert card["thumbnail_url"] == card["thumbnails"][2]
    assert (card["preview_sprite_url"], card["preview_vtt_url"]) == (f"{base}/sprite.jpg", f"{base}/sprite.vtt")
    assert (card["duration_sec"], card["status"], card["music"]) == (10.0, "active", None)


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        ({"title": " New "}, {"title": "New"}),
        ({"description": "a\nb"}, {"description": "a\nb"}),
        ({"category": "dance"}, {"category": "dance"}),
        ({"hashtags": ["#A", "b"]}, {"hashtags": ["a", "b"]}),
        ({"visibility": "private"}, {"visibility": "private"}),
        ({"allow_comments": False}, {"allow_comments": False}),
        ({"allow_duet": False}, {"allow_duet": False}),
        ({"allow_stitch": False}, {"allow_stitch": False}),
        ({"location": {"lat": 1.5, "lng": 2.5, "name": "Oslo"}}, {"location": {"name": "Oslo"}}),
        ({"location": {"lat": 1.5, "lng": 2.5}}, {"location": None}),
        ({}, {}),
    ],
)
async def test_each_field_may_be_changed_alone(
    client: httpx.AsyncClient, stores: Stores, wish: dict[str, Any], shown: dict[str, Any]
) -> None:
    author = await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}"
    before = (await client.get(url, headers=author.headers)).json()

    answer = await client.patch(url, headers=author.headers, json=wish)

    after = (await client.get(url, headers=author.headers)).json()
    media = {"urls", "thumbnails", "thumbnail_url", "preview_sprite_url", "preview_vtt_url"}
    assert answer.status_code == 200, answer.text
    assert answer.json() == after
    assert {key: after[key] for key in CARD_KEYS - media} == {key: before[key] for key in CARD_KEYS - media} | shown


async def test_the_five_thumbnails_come_with_a_video_by_itself_and_in_ones_own_list_alone(
    client: httpx.AsyncClient, stores: Stores
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    video_id = (await make_video(stores, author.user_id)).video_id
    for reader in (author, fan):
        await client.post(f"/api/v1/videos/{video_id}/like", headers=reader.headers)

    for reader in (author, fan):
        mine = reader is author
        whole = (await client.get(f"/api/v1/videos/{video_id}", headers=reader.headers)).json()
        profile = await client.get(f"/api/v1/users/{author.user_id}/videos", headers=reader.headers)
        (listed,) = profile.json()["videos"]
        (liked,) = (await client.get("/api/v1/users/me/likes", headers=reader.headers)).json()["items"]
        assert (set(whole), len(whole["thumbnails"])) == (CARD_KEYS, 5)
        assert set(listed) == (CARD_KEYS if mine else CARD_KEYS - {"thumbnails"})
        assert set(liked) == CARD_KEYS - {"thumbnails"}
        assert listed.get("thumbnails") == (whole["thumbnails"] if mine else None)
    for kind in ("following", "for-you"):
        fed = (await client.get(f"/api/v1/feed/{kind}", headers=fan.headers)).json()["videos"]
        assert [set(card) for card in fed if card["video_id"] == video_id] == [CARD_KEYS - {"thumbnails"}]


async def test_the_poster_is_chosen_among_the_five(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}"

    for index in (4, 0):
        card = (await client.patch(url, headers=author.headers, json={"thumbnail_index": index})).json()
        assert card["thumbnail_url"] == card["thumbnails"][index]
    waiting = record(author.user_id, system_ms())
    await stores.videos.create(waiting, quota_bytes=2**40)
    early = await client.patch(
        f"/api/v1/videos/{waiting.video_id}", headers=author.headers, json={"thumbnail_index": 1}
    )
    assert refusal(early) == (400, "/thumbnail_index")


BAD: list[tuple[str, Any]] = [
    *each("title", *HOSTILE, "", "x" * 151, None, 5, "snuff film!"),
    *each("description", "x" * 2201, "\x00", None, "double your money"),
    *each("category", "", "UP", "global", None),
    *each("hashtags", ["a"] * 11, None, "a"),
    *each("visibility", "", "secret", None),
    *each("allow_comments", None, "maybe"),
    *each("thumbnail_index", -1, 5, "first", None, 10**30),
    *each("location", "here", {}, {"lat": 100, "lng": 0}),
    *each("hashtags", ["a", "b c"]),
]


async def test_a_bad_field_is_named_and_nothing_changes(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    url = f"/api/v1/videos/{(await make_video(stores, author.user_id)).video_id}"
    before = (await client.get(url, headers=author.headers)).json()

    for field, value in BAD:
        good = {"title": "New", "description": "New", "category": "new"}
        status, pointer = refusal(await client.patch(url, headers=author.headers, json=good | {field: value}))
        assert (status, pointer.split("/")[1]) == (400, field), (value, pointer)
    assert (await client.get(url, headers=author.headers)).json() == before


async def test_a_change_of_visibility_ends_every_address_handed_out_before(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/videos/{video_id}"

    versions = [(await client.get(url, headers=author.headers)).json()["urls"]["master"].split("/")[-2]]
    for visibility in ("private", "friends", "public"):
        card = (await client.patch(url, headers=author.headers, json={"visibility": visibility})).json()
        assert card["urls"]["master"].startswith("/media/~") == (visibility != "public")
        versions.append(card["urls"]["master"].split("/")[-2])

    assert len(set(versions)) == 4
    types = await happenings.types(video_id)
    assert types.count("video.published") == 1
    assert types.count("video.visibility_changed") == 3


async def test_a_deleted_video_is_gone_at_once_everywhere(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video = await make_video(stores, author.user_id)
    url = f"/api/v1/videos/{video.video_id}"
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    await client.post(f"{url}/like", headers=fan.headers)
    await client.post(f"{url}/save", headers=fan.headers)
    comment = (await client.post(f"{url}/comments", headers=fan.headers, json={"content": "x"})).json()
    await stores.blobs.store(f"media/{video.video_id}/a1/master.m3u8", body_of(b"#EXTM3U"), 100)
    assert (await client.get(f"/media/{video.video_id}/a1.0/master.m3u8")).status_code == 200

    assert (await client.delete(url, headers=author.headers)).status_code == 204

    for headers in (author.headers, fan.headers, {}):
        for path in ("", "/download", "/comments"):
            assert refusal(await client.get(url + path, headers=headers)) == (404, ""), path
    for path in ("/status", "/upload"):
        assert refusal(await client.get(url + path, headers=author.headers)) == (404, "")
    for verb, path in (("DELETE", ""), ("POST", "/retry"), ("POST", "/like")):
        assert refusal(await client.request(verb, url + path, headers=author.headers)) == (404, "")
    assert refusal(await client.get(f"/api/v1/comments/{comment['comment_id']}/replies")) == (404, "")
    for path, key in (
        ("users/me/likes", "items"),
        ("users/me/saves", "items"),
        (f"users/{author.user_id}/videos", "videos"),
        ("feed/following", "videos"),
    ):
        assert (await client.get(f"/api/v1/{path}", headers=fan.headers)).json()[key] == []
    assert (await client.get(f"/api/v1/users/{author.user_id}/videos", headers=author.headers)).json()["videos"] == []
    assert (await client.get(f"/api/v1/users/{author.user_id}")).json()["video_count"] == 0
    await happenings.take_effect(video.video_id)
    assert (await client.get(f"/media/{video.video_id}/a1.0/master.m3u8")).status_code == 404
    assert not (stores.blob_root / "media" / video.video_id).exists()


async def test_others_videos_and_nobodys_are_not_there_for_any_write(client: httpx.AsyncClient, stores: Stores) -> None:
    author, other = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id

    for target in (video_id, ids.new("vid"), "vid_x", author.user_id, "%00", "vid_" + "Z" * 26):
        for verb, path, body in (
            ("PATCH", "", {"title": "Mine"}),
            ("DELETE", "", None),
            ("POST", "/complete", {}),
            ("POST", "/retry", None),
            ("GET", "/status", None),
            ("GET", "/upload", None),
        ):
            more: dict[str, Any] = {} if body is None else {"json": body}
            answer = await client.request(verb, f"/api/v1/videos/{target}{path}", headers=other.headers, **more)
            assert refusal(answer) == (404, "")
            assert refusal(await client.request(verb, f"/api/v1/videos/{target}{path}", **more)) == (401, "")
    assert (await client.get(f"/api/v1/videos/{video_id}")).json()["title"] == "A clip"


async def test_a_download_is_addressed_for_as_long_as_it_may_be(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    public = await make_video(stores, author.user_id)
    private = await make_video(stores, author.user_id, visibility="private")
    waiting = record(author.user_id, system_ms())
    await stores.videos.create(waiting, quota_bytes=2**40)

    open_ = (await client.get(f"/api/v1/videos/{public.video_id}/download")).json()
    signed = (await client.get(f"/api/v1/videos/{private.video_id}/download", headers=author.headers)).json()
    early = await client.get(f"/api/v1/videos/{waiting.video_id}/download", headers=author.headers)

    assert open_["download_url"] == f"/media/{public.video_id}/a1.0/download.mp4"
    assert signed["download_url"].startswith("/media/~")
    assert system_ms() < signed["expires_at"] <= system_ms() + 300_000
    assert refusal(early) == (404, "")


async def test_music_and_the_videos_with_it(client: httpx.AsyncClient, stores: Stores) -> None:
    author, blocked, viewer = await sign_up(client), await sign_up(client), await sign_up(client)
    music = Music(ids.new("mus"), "Song", "Band", 30)
    await stores.musics.put(music)
    shown = []
    for n in range(6):
        shown.append((await make_video(stores, author.user_id, music_id=music.music_id)).video_id)
        await make_video(stores, blocked.user_id, music_id=music.music_id)
        await make_video(stores, author.user_id, music_id=music.music_id, visibility="private" if n % 2 else "friends")
    await client.post(f"/api/v1/users/{blocked.user_id}/block", headers=viewer.headers)

    async def publish() -> None:
        await make_video(stores, author.user_id, music_id=music.music_id)

    url = f"/api/v1/music/{music.music_id}"
    listed = await walk(client, f"{url}/videos?limit=2", viewer.headers, meanwhile=publish)

    assert (await client.get(url)).json() == {
        "music_id": music.music_id,
        "title": "Song",
        "artist": "Band",
        "duration_sec": 30,
    }
    assert ids_of(listed) == shown[::-1]
    assert listed[0]["music"] == {"music_id": music.music_id, "title": "Song", "artist": "Band"}
    for reference in (ids.new("mus"), "mus_x", author.user_id, "%00"):
        assert refusal(await client.get(f"/api/v1/music/{reference}")) == (404, "")
        assert refusal(await client.get(f"/api/v1/music/{reference}/videos")) == (404, "")


async def test_what_is_due_later_is_not_shown_before(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    await client.post(f"/api/v1/users/{author.user_id}/follow", headers=fan.headers)
    later = await make_video(stores, author.user_id, publish_at=system_ms() + 3_600_000)
    url = f"/api/v1/videos/{later.video_id}"

    assert refusal(await client.get(url, headers=fan.headers)) == (404, "")
    assert (await client.get("/api/v1/feed/following", headers=fan.headers)).json()["videos"] == []
    assert (await client.get(f"/api/v1/users/{author.user_id}/videos", headers=fan.headers)).json()["videos"] == []
    assert (await client.get(url, headers=author.headers)).json()["status"] == "processing"
    assert "video.published" not in await happenings.types(later.video_id)

    found = await stores.videos.get(later.video_id)
    assert found is not None
    now_ms = system_ms()  # as if the hour had come
    due, facts = lifecycle.due(msgspec.structs.replace(found.video, publish_at=now_ms), now_ms)
    await stores.videos.save(due, events=facts)
    await happenings.take_effect(later.video_id)
    assert (await client.get(url, headers=fan.headers)).json()["status"] == "active"
    feed = (await client.get("/api/v1/feed/following", headers=fan.headers)).json()["videos"]
    assert ids_of(feed) == [later.video_id]
