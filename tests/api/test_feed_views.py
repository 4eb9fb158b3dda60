"""Reports of views: what counts, what could not have happened, and who was watching."""

from typing import Any

import httpx
import pytest

from app.cards.access import Access
from app.core import ids
from app.core.clock import system_ms
from app.core.playback import Playbacks
from app.features import Features
from app.http.viewer import Viewer
from app.services.feed.schemas import ViewReport
from app.services.feed.views import Views
from app.stores import Stores
from tests.api.asking import each, refusal
from tests.api.happenings import Happenings
from tests.factories import make_video, sign_up

MINUTE_MS = 60_000


def fact(kind: str = "engaged", **more: Any) -> dict[str, Any]:
    """A report with an id of its own."""
    return {"type": kind, "watched_ms": 5000, "position_ms": 5000, "event_id": ids.new("evt")} | more


async def views_of(stores: Stores, video_id: str) -> int:
    return (await stores.activity.view_counts([video_id])).get(video_id, (0, 0))[0]


async def test_a_pages_token_makes_an_engaged_view_count(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/videos/{video_id}/views"
    token = Playbacks(stores.secret).issue(fan.user_id, system_ms() - MINUTE_MS)

    for kind in ("start", "engaged", "complete", "loop"):
        body = fact(kind, watched_ms=9500, playback_token=token)
        answer = await client.post(url, headers=fan.headers, json=body)
        assert (answer.status_code, answer.json()) == (202, {"accepted": True})
        assert (await client.post(url, headers=fan.headers, json=body)).json() == {"accepted": True}  # a repeat

    assert await views_of(stores, video_id) == 1
    await happenings.take_effect(fan.user_id)
    assert (await client.get(f"/api/v1/videos/{video_id}")).json()["stats"]["views"] == 1
    (watched,) = (await client.get("/api/v1/users/me/history", headers=fan.headers)).json()["items"]
    assert watched["video_id"] == video_id


async def test_a_feeds_own_token_is_good_for_what_it_served(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    token = (await client.get("/api/v1/feed/following", headers=fan.headers)).json()["playback_token"]

    started = fact("start", watched_ms=0, position_ms=0, playback_token=token)
    too_early = fact("engaged", watched_ms=60_000, playback_token=token)
    url = f"/api/v1/videos/{video_id}/views"

    assert (await client.post(url, headers=fan.headers, json=started)).json() == {"accepted": True}
    assert (await client.post(url, headers=fan.headers, json=too_early)).json() == {"accepted": False}
    assert await views_of(stores, video_id) == 0


async def test_where_the_answer_is_shared_the_start_gives_a_token(client: httpx.AsyncClient, stores: Stores) -> None:
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    url = f"/api/v1/videos/{video_id}/views"

    started = (await client.post(url, json=fact("start", watched_ms=0))).json()

    assert started["accepted"]
    answer = await client.post(url, json=fact("engaged", watched_ms=0, playback_token=started["playback_token"]))
    assert answer.json() == {"accepted": False}  # nothing was watched yet


@pytest.mark.parametrize(
    ("kind", "watched_ms", "accepted"),
    [
        ("start", 0, True),
        ("engaged", 1999, False),
        ("engaged", 2000, True),
        ("engaged", 61_400, True),
        ("engaged", 65_000, False),
        ("complete", 8999, False),
        ("complete", 9000, True),
        ("loop", 100, False),
        ("loop", 20_000, True),
    ],
)
async def test_only_what_can_have_happened_is_accepted(
    client: httpx.AsyncClient, stores: Stores, kind: str, watched_ms: int, accepted: bool
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    token = Playbacks(stores.secret).issue(fan.user_id, system_ms() - MINUTE_MS)

    body = fact(kind, watched_ms=watched_ms, playback_token=token)
    answer = await client.post(f"/api/v1/videos/{video_id}/views", headers=fan.headers, json=body)

    assert (answer.status_code, answer.json()) == (202, {"accepted": accepted})
    assert await views_of(stores, video_id) == (kind == "engaged" and accepted)


async def test_one_viewer_counts_once_in_thirty_minutes_and_the_author_never(
    client: httpx.AsyncClient, stores: Stores, built: Features
) -> None:
    author, fan, other = await sign_up(client), await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    began_ms = system_ms()
    now = [began_ms]
    views = Views(
        Access(stores.videos, stores.users, built.hydrator),
        stores.activity,
        stores.users,
        Playbacks(stores.secret),
        stores.secret,
        lambda: now[0],
    )

    async def watch(user_id: str, after_min: int) -> int:
        now[0] = began_ms + after_min * MINUTE_MS
        token = Playbacks(stores.secret).issue(user_id, now[0] - MINUTE_MS)
        report = ViewReport("engaged", 5000, 5000, ids.new("evt"), token)
        answer = await views.report(Viewer(user_id, "ses"), "192.0.2.1", "Firefox", video_id, report)
        assert answer.accepted
        return await views_of(stores, video_id)

    assert [await watch(fan.user_id, minute) for minute in (0, 1, 29, 30, 31)] == [1, 1, 1, 2, 2]
    assert await watch(other.user_id, 31) == 3
    assert [await watch(author.user_id, minute) for minute in (31, 99)] == [3, 3]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *each("type", "", "view", None, 1),
        *each("watched_ms", -1, 86_400_001, 10**30, 1.5, None, "long"),
        *each("position_ms", -1, 10**30, []),
        *each("event_id", "", "short", "x" * 65, "has space", "nul\x00nul", None, 5),
        *each("playback_token", "", "x", "ü" * 20, "A" * 513, "\x00", 5),
    ],
)
async def test_a_bad_field_is_named(client: httpx.AsyncClient, stores: Stores, field: str, value: Any) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id

    body = fact("engaged") | {field: value}
    answer = await client.post(f"/api/v1/videos/{video_id}/views", headers=fan.headers, json=body)

    assert refusal(answer) == (400, f"/{field}")


async def test_a_token_is_nobody_elses_and_does_not_last(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    now_ms = system_ms()
    for token in (
        Playbacks(stores.secret).issue(author.user_id, now_ms - MINUTE_MS),
        Playbacks(stores.secret).issue(fan.user_id, now_ms - 7 * 60 * MINUTE_MS),
        Playbacks(stores.secret).issue(fan.user_id, now_ms + 5 * MINUTE_MS),
        None,
    ):
        body = fact("engaged", playback_token=token)
        answer = await client.post(f"/api/v1/videos/{video_id}/views", headers=fan.headers, json=body)
        assert refusal(answer) == (400, "/playback_token")
    assert await views_of(stores, video_id) == 0


async def test_what_one_may_not_see_one_has_not_watched(client: httpx.AsyncClient, stores: Stores) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    private = (await make_video(stores, author.user_id, visibility="private")).video_id
    for video_id in (private, ids.new("vid"), "vid_x", "%00"):
        for headers in (fan.headers, {}):
            answer = await client.post(f"/api/v1/videos/{video_id}/views", headers=headers, json=fact("start"))
            assert refusal(answer) == (404, "")
