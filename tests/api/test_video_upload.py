"""From announcing a file to having it: what is refused, what is reserved, and that it completes by itself, once."""

import asyncio
from typing import Any

import httpx
import msgspec

from app import main
from app.core import ids
from app.core.clock import system_ms
from app.core.config import Settings
from app.ports.music import Music
from app.ports.videos import Failure
from app.services.video import lifecycle
from app.stores import Stores
from tests.api.asking import HOSTILE, each, refusal
from tests.api.happenings import Happenings
from tests.api.uploading import announced, begin, clip, send, send_part, status, uploaded
from tests.factories import sign_up

MIB = 2**20
START = "/api/v1/videos/upload"
KEYS = {"video_id", "upload_url", "upload_expires_at", "status", "upload_headers"}


async def test_an_upload_starts_in_its_documented_shape(client: httpx.AsyncClient) -> None:
    author = await sign_up(client)

    small, large = await begin(client, author, 16 * MIB), await begin(client, author, 16 * MIB + 1)

    assert set(small) == KEYS
    assert set(large) == KEYS | {"upload"}
    assert set(large["upload"]) == {"part_size_bytes", "parts"}
    assert [part["number"] for part in large["upload"]["parts"]] == [1, 2, 3]
    assert small["status"] == "uploading"
    assert system_ms() < small["upload_expires_at"] <= system_ms() + 3_600_000
    assert await status(client, author, small["video_id"]) == {
        "video_id": small["video_id"],
        "status": "uploading",
        "moderation_status": "pending",
        "progress": 0,
    }


def second(field: str, *values: Any) -> list[tuple[str, Any, str]]:
    """A list whose second member is each of these values, and the pointer to it."""
    return [(field, ["ok", value], f"/{field}/1") for value in values]


BAD: list[tuple[str, Any]] = [
    *each("title", *HOSTILE, "", " ", "x" * 151, "two\nlines", None, 5, ["x"]),
    *each("description", *HOSTILE, "x" * 2201, None, {}),
    *each("category", "", "UP", "global", "x" * 31, "a b", "\x00", "ü", None, 1),
    *each("duration_sec", 0, -1, 601, "long", None, [], 10**30),
    *each("file_size_bytes", 0, -1, 1.5, "", None, 10**30),
    *each("width", 0, 16_385, -1, None, "wide", 10**20),
    *each("height", 0, 16_385, 1.2, []),
    *each("visibility", "", "all", None, 1),
    *each("music_id", "", "mus_x", ids.new("mus"), ids.new("vid"), "\x00", 5),
    *each("effects", ["x"] * 21, None, "x"),
    *each("allow_comments", 2, "maybe", None),
    *each("allow_duet", [], "\x00"),
    *each("allow_stitch", [], {}),
    *each("publish_at", -1, 1.5, "now", 10**20),
    *each("content_type", "", "video/webm", "text/html", None),
    *each("thumbnail_at_ms", -1, 10**20, ""),
    ("hashtags", ["x"] * 11),
    ("hashtags", "dance"),
    ("location", "Berlin"),
]
BAD_INSIDE: list[tuple[str, Any, str]] = [
    *second("hashtags", "", "#", "a b", "x" * 51, "a\x00", "_x", "-", *HOSTILE, 5),
    *second("effects", "", "a b", "ü", "\x00", "x" * 65, 5),
    ("location", {"lat": 91, "lng": 0}, "/location/lat"),
    ("location", {"lat": 0, "lng": -181}, "/location/lng"),
    ("location", {"lat": "north", "lng": 0}, "/location/lat"),
    ("location", {"lat": 0, "lng": 0, "name": "x" * 101}, "/location/name"),
    ("location", {"lat": 0, "lng": 0, "name": "\x00"}, "/location/name"),
    ("location", {"lat": 0}, "/location"),
    ("title", "free bitcoin for all", "/title"),
    ("description", "so funny: k1ll yourself", "/description"),
    ("hashtags", ["dance", "whitepower"], "/hashtags/1"),
]


async def test_each_bad_field_is_named_and_nothing_is_reserved(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    cases = [(field, value, f"/{field}") for field, value in BAD] + BAD_INSIDE

    for field, value, pointer in cases:
        answer = await client.post(START, headers=author.headers, json=announced(**{field: value}))
        assert answer.status_code == 400, (field, str(value)[:50], answer.text)
        assert refusal(answer) == (400, pointer), (field, str(value)[:50], answer.text)
    for field in ("title", "duration_sec", "file_size_bytes", "width", "height"):
        body = announced()
        del body[field]
        answer = await client.post(START, headers=author.headers, json=body)
        assert refusal(answer)[0] == 400
        assert field in answer.text
    assert refusal(await client.post(START, json=announced())) == (401, "")
    assert refusal(await client.post(START, headers=author.headers, json=announced(500 * MIB + 1))) == (413, "")
    assert await stores.videos.reserved_bytes(author.user_id) == 0
    assert await stores.videos.by_author(author.user_id, None, 10) == []


async def test_every_documented_attribute_is_kept(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    music = Music(ids.new("mus"), "Song", "Band", 30)
    await stores.musics.put(music)
    wish = announced(
        description="Two\nlines 👋",
        category="dance",
        hashtags=["#Dance", "हिन्दी", "dance"],
        visibility="friends",
        music_id=music.music_id,
        effects=["filter_vintage", "filter_vintage"],
        allow_comments=False,
        allow_duet=False,
        allow_stitch=False,
        location={"lat": 52.52, "lng": 13.4, "name": "Berlin"},
    )

    video_id = (await client.post(START, headers=author.headers, json=wish)).json()["video_id"]
    card = (await client.get(f"/api/v1/videos/{video_id}", headers=author.headers)).json()

    assert card["hashtags"] == ["dance", "हिन्दी"]
    assert card["music"] == {"music_id": music.music_id, "title": "Song", "artist": "Band"}
    assert card["location"] == {"name": "Berlin"}
    assert (card["category"], card["visibility"], card["description"]) == ("dance", "friends", "Two\nlines 👋")
    assert (card["allow_comments"], card["allow_duet"], card["allow_stitch"]) == (False, False, False)
    stored = await stores.videos.get(video_id)
    assert stored is not None
    assert stored.video.effects == ("filter_vintage",)


async def test_the_quota_is_reserved_at_the_start_and_free_again_after_failure_and_deletion(
    client: httpx.AsyncClient, stores: Stores, api_settings: Settings
) -> None:
    narrow = main.serving(msgspec.structs.replace(api_settings, quota_bytes=2500), stores, lambda: False)
    transport = httpx.ASGITransport(app=narrow)
    async with httpx.AsyncClient(transport=transport, base_url=api_settings.public_url) as small:
        author = await sign_up(small)
        first, second = await begin(small, author), await begin(small, author)
        full = await small.post(START, headers=author.headers, json=announced())
        assert (full.status_code, full.json()["code"]) == (409, "quota_exceeded")

        await small.delete(f"/api/v1/videos/{first['video_id']}", headers=author.headers)
        third = await begin(small, author)
        assert (await send(small, second, b"no video" + bytes(992))).status_code == 200
        assert (await status(small, author, second["video_id"]))["status"] == "failed"
        await begin(small, author)
        assert await stores.videos.reserved_bytes(author.user_id) == 2000
        answers = await asyncio.gather(
            *(small.post(START, headers=author.headers, json=announced(500)) for _ in range(8))
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
        assert (await status(small, author, third["video_id"]))["status"] == "uploading"


async def test_a_start_repeated_with_its_key_is_one_upload(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    headers = author.headers | {"idempotency-key": "k"}

    answers = await asyncio.gather(*(client.post(START, headers=headers, json=announced()) for _ in range(5)))

    assert len({answer.content for answer in answers}) == 1
    assert await stores.videos.reserved_bytes(author.user_id) == 1000
    assert refusal(await client.post(START, headers=headers, json=announced(999)))[0] == 422


async def test_a_put_completes_by_itself_and_complete_says_the_same_ever_after(
    client: httpx.AsyncClient, happenings: Happenings
) -> None:
    author, other = await sign_up(client), await sign_up(client)
    started = await begin(client, author, 5000)
    url = f"/api/v1/videos/{started['video_id']}/complete"

    early = await client.post(url, headers=author.headers, json={})
    assert refusal(early) == (400, "/parts")
    sent = await send(client, started, clip(5000))
    assert (sent.status_code, bool(sent.headers["etag"])) == (200, True)
    assert (await status(client, author, started["video_id"]))["status"] == "processing"

    answers = await asyncio.gather(*(client.post(url, headers=author.headers, json={}) for _ in range(20)))
    keyed = await client.post(url, headers=author.headers | {"idempotency-key": "z"}, json={})
    assert {answer.status_code for answer in [*answers, keyed]} == {202}
    assert {answer.json()["status"] for answer in [*answers, keyed]} == {"processing"}
    assert await happenings.types(started["video_id"]) == ["video.uploaded"]
    assert refusal(await client.post(url, headers=other.headers, json={})) == (404, "")
    assert refusal(await client.post(url, json={})) == (401, "")
    again = await send(client, started, clip(5000))
    assert again.status_code == 403


async def test_twenty_completes_at_once_are_one(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author = await sign_up(client)
    started = await begin(client, author, 17 * MIB)
    parts = started["upload"]["parts"]
    size = started["upload"]["part_size_bytes"]
    body = clip(17 * MIB)
    claims = [
        {"number": part["number"], **await send_part(client, part["url"], body[n * size : (n + 1) * size])}
        for n, part in enumerate(parts)
    ]

    url = f"/api/v1/videos/{started['video_id']}/complete"
    answers = await asyncio.gather(
        *(client.post(url, headers=author.headers, json={"parts": claims}) for _ in range(20))
    )

    assert {answer.status_code for answer in answers} == {202}, {answer.text for answer in answers}
    assert await happenings.types(started["video_id"]) == ["video.uploaded"]
    assert await stores.blobs.size(f"uploads/{started['video_id']}") == 17 * MIB


async def test_an_upload_in_parts_is_resumed(client: httpx.AsyncClient) -> None:
    author, other = await sign_up(client), await sign_up(client)
    size_bytes, body = 20 * MIB, clip(20 * MIB)
    started = await begin(client, author, size_bytes)
    url = f"/api/v1/videos/{started['video_id']}"
    size = started["upload"]["part_size_bytes"]
    first = await send_part(client, started["upload"]["parts"][0]["url"], body[:size])

    early = await client.post(f"{url}/complete", headers=author.headers, json={})
    some = await client.post(f"{url}/complete", headers=author.headers, json={"parts": [{"number": 1, **first}]})
    state = (await client.get(f"{url}/upload", headers=author.headers)).json()

    assert refusal(early) == (400, "/parts")
    assert refusal(some) == (400, "/parts")
    assert set(state) == {"status", "part_size_bytes", "upload_expires_at", "upload_url", "upload_headers", "parts"}
    assert [(part["number"], bool(part["etag"]), bool(part["url"])) for part in state["parts"]] == [
        (1, True, False),
        (2, False, True),
        (3, False, True),
    ]
    assert sum(part["size_bytes"] for part in state["parts"]) == size_bytes
    claims = [{"number": 1, "etag": state["parts"][0]["etag"]}]
    for part in state["parts"][1:]:
        start = (part["number"] - 1) * size
        claims.append({"number": part["number"], **await send_part(client, part["url"], body[start : start + size])})

    for bad, pointer in (
        (claims[::-1], "/parts"),
        ([*claims[:2], claims[2] | {"etag": '"0"'}], "/parts/2"),
        ([*claims[:2], claims[2] | {"number": 0}], "/parts/2/number"),
        ([*claims[:2], claims[2] | {"etag": 5}], "/parts/2/etag"),
    ):
        answer = await client.post(f"{url}/complete", headers=author.headers, json={"parts": bad})
        assert answer.status_code == 400
        assert refusal(answer)[1].startswith(pointer), answer.text
    done = await client.post(f"{url}/complete", headers=author.headers, json={"parts": claims})
    assert (done.status_code, done.json()["status"]) == (202, "processing")
    after = (await client.get(f"{url}/upload", headers=author.headers)).json()
    assert (after["status"], after["parts"], after["upload_url"]) == ("processing", [], None)
    assert refusal(await client.get(f"{url}/upload", headers=other.headers)) == (404, "")
    assert refusal(await client.get(f"{url}/upload")) == (401, "")


async def test_a_file_that_is_no_video_fails_with_its_reason(client: httpx.AsyncClient, happenings: Happenings) -> None:
    author = await sign_up(client)
    started = await begin(client, author)
    assert (await send(client, started, b"#EXTM3U\n" + bytes(992))).status_code == 200

    told = await status(client, author, started["video_id"])
    answer = await client.post(f"/api/v1/videos/{started['video_id']}/complete", headers=author.headers, json={})
    retry = await client.post(f"/api/v1/videos/{started['video_id']}/retry", headers=author.headers)

    assert (told["status"], told["failure"]["code"]) == ("failed", "unsupported")
    assert told["failure"]["detail"]
    assert (refusal(answer)[0], answer.json()["errors"][0]["code"]) == (400, "unsupported")
    assert (retry.status_code, retry.json()["code"]) == (409, "not_failed")
    assert await happenings.types(started["video_id"]) == ["video.failed"]


async def test_an_address_that_ran_out_is_renewed(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    started = await begin(client, author)
    found = await stores.videos.get(started["video_id"])
    assert found is not None
    plan = msgspec.structs.replace(found.video.upload, expires_at=system_ms() - 1)
    await stores.videos.save(msgspec.structs.replace(found.video, upload=plan))

    state = (await client.get(f"/api/v1/videos/{started['video_id']}/upload", headers=author.headers)).json()

    assert state["upload_expires_at"] > system_ms() + 3_000_000
    assert state["upload_headers"] == started["upload_headers"]
    answer = await client.put(state["upload_url"], headers=state["upload_headers"], content=clip(1000))
    assert answer.status_code == 200
    assert (await status(client, author, started["video_id"]))["status"] == "processing"


async def test_only_a_failed_processing_is_retried_within_the_quota(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, other = await sign_up(client), await sign_up(client)
    video_id = await uploaded(client, author)
    url = f"/api/v1/videos/{video_id}/retry"
    assert (await client.post(url, headers=author.headers)).status_code == 202  # it is under way already
    found = await stores.videos.get(video_id)
    assert found is not None
    failed, facts = lifecycle.failed(found.video, Failure("no_video", "No picture."), system_ms())
    await stores.videos.save(failed, events=facts)
    assert (await status(client, author, video_id))["failure"] == {"code": "no_video", "detail": "No picture."}
    assert await stores.videos.reserved_bytes(author.user_id) == 0

    answers = await asyncio.gather(*(client.post(url, headers=author.headers) for _ in range(10)))

    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(202, "processing")}
    assert "failure" not in await status(client, author, video_id)
    assert await stores.videos.reserved_bytes(author.user_id) == 1000
    assert (await happenings.types(video_id)).count("video.uploaded") == 2
    assert refusal(await client.post(url, headers=other.headers)) == (404, "")
    assert refusal(await client.post(url)) == (401, "")
