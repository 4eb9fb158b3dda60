"""Profiles: what one sees of others, and what one may say of oneself."""

import asyncio
from typing import Any

import httpx
import pytest

from app.core import ids
from app.core.clock import system_ms
from app.stores import Stores
from tests.api.asking import HOSTILE, each, refusal
from tests.api.happenings import Happenings
from tests.factories import make_video, record, sign_up

PROFILE_KEYS = {
    *("user_id", "username", "display_name", "avatar_url", "verified", "bio", "country", "created_at"),
    *("follower_count", "following_count", "video_count", "total_likes", "viewer"),
}


async def test_a_profile_has_its_documented_shape(client: httpx.AsyncClient, stores: Stores) -> None:
    one, other = await sign_up(client), await sign_up(client)
    await make_video(stores, one.user_id)
    await make_video(stores, one.user_id, visibility="private")

    mine = (await client.get("/api/v1/users/me", headers=one.headers)).json()
    own = (await client.get(f"/api/v1/users/{one.user_id}", headers=one.headers)).json()
    seen = (await client.get(f"/api/v1/users/@{one.username}", headers=other.headers)).json()
    anonymous = (await client.get(f"/api/v1/users/{one.user_id}")).json()

    assert set(mine) == PROFILE_KEYS | {"email"}
    assert set(own) == set(seen) == set(anonymous) == PROFILE_KEYS
    assert mine["email"] == f"{one.username}@example.org"
    assert (own["viewer"], anonymous["viewer"], mine["viewer"]) == (None, None, None)
    assert seen["viewer"] == {"following": False, "followed_by": False, "blocked": False, "muted": False}
    assert seen["video_count"] == 1


async def test_names_are_found_in_either_case_and_never_by_look_alikes(client: httpx.AsyncClient) -> None:
    one = await sign_up(client, stem="lo")

    found = await client.get(f"/api/v1/users/@{one.username.upper()}")
    other = await client.get(f"/api/v1/users/@{one.username.replace('l', '1', 1)}")

    assert found.json()["user_id"] == one.user_id
    assert refusal(other) == (404, "")


@pytest.mark.parametrize(
    "reference", ["usr_", "@", "@a", "@admin", "nobody", "%00", "@%00x", "@..", "%F0%9F%A4%A1", "@%ff"]
)
async def test_nobody_is_found_by_nonsense(client: httpx.AsyncClient, reference: str) -> None:
    for path in ("", "/videos", "/followers", "/following"):
        assert refusal(await client.get(f"/api/v1/users/{reference}{path}")) == (404, "")
    assert refusal(await client.get(f"/api/v1/users/{ids.new('usr')}")) == (404, "")


async def test_one_changes_what_one_names_and_nothing_else(client: httpx.AsyncClient) -> None:
    one = await sign_up(client, display_name="Ana")

    async def change(**fields: Any) -> Any:
        answer = await client.patch("/api/v1/users/me", headers=one.headers, json=fields)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        assert made == (await client.get("/api/v1/users/me", headers=one.headers)).json()
        return made

    assert (await change(bio="I dance.\nDaily."))["bio"] == "I dance.\nDaily."
    assert (await change(country="uk"))["country"] == "GB"
    made = await change(display_name="  Zoë  ")
    assert (made["display_name"], made["bio"], made["country"]) == ("Zoë", "I dance.\nDaily.", "GB")
    assert (await change())["display_name"] == "Zoë"
    assert (await change(country=None, bio=""))["country"] is None


async def test_changes_side_by_side_all_stay(client: httpx.AsyncClient) -> None:
    one = await sign_up(client)
    for n in range(5):
        wishes: list[dict[str, str]] = [
            {"bio": f"bio {n}"},
            {"display_name": f"name {n}"},
            {"country": "DE" if n % 2 else "FR"},
        ]
        answers = await asyncio.gather(
            *(client.patch("/api/v1/users/me", headers=one.headers, json=wish) for wish in wishes)
        )
        assert [answer.status_code for answer in answers] == [200] * 3
        made = (await client.get("/api/v1/users/me", headers=one.headers)).json()
        assert {key: made[key] for wish in wishes for key in wish} == {k: v for wish in wishes for k, v in wish.items()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *each("display_name", *HOSTILE, "", "  ", "x" * 51, "two\nlines", None, 5, [], {}),
        *each("bio", *HOSTILE, "x" * 301, None, 5, True),
        *each("country", "", "X", "USA", "U1", "ß", "ﬁ", "\x00\x00", 5, ["US"]),
    ],
)
async def test_a_bad_field_is_named_and_nothing_changes(client: httpx.AsyncClient, field: str, value: Any) -> None:
    one = await sign_up(client)
    before = (await client.get("/api/v1/users/me", headers=one.headers)).json()
    good = {"display_name": "New", "bio": "New", "country": "FR"}

    answer = await client.patch("/api/v1/users/me", headers=one.headers, json=good | {field: value})

    assert refusal(answer) == (400, f"/{field}")
    assert (await client.get("/api/v1/users/me", headers=one.headers)).json() == before


async def test_what_cannot_be_changed_stays(client: httpx.AsyncClient) -> None:
    one = await sign_up(client)
    wish = {"username": "other", "verified": True, "user_id": ids.new("usr"), "email": "x@example.org", "__proto__": {}}

    await client.patch("/api/v1/users/me", headers=one.headers, json=wish)

    made = (await client.get("/api/v1/users/me", headers=one.headers)).json()
    assert (made["user_id"], made["username"], made["verified"]) == (one.user_id, one.username, False)
    assert made["email"] == f"{one.username}@example.org"


async def test_oneself_needs_a_token(client: httpx.AsyncClient) -> None:
    for path in ("me", "me/likes", "me/saves", "me/history"):
        assert refusal(await client.get(f"/api/v1/users/{path}")) == (401, "")
    assert refusal(await client.patch("/api/v1/users/me", json={})) == (401, "")
    assert refusal(await client.delete("/api/v1/users/me/avatar")) == (401, "")


async def test_a_new_name_reaches_the_cards(client: httpx.AsyncClient, stores: Stores, happenings: Happenings) -> None:
    author, viewer = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    await stores.videos.create(record(author.user_id, system_ms()), quota_bytes=2**40)
    url = f"/api/v1/users/{author.user_id}/videos"
    assert (await client.get(url, headers=viewer.headers)).json()["videos"][0]["user"][
        "display_name"
    ] == author.username

    await client.patch("/api/v1/users/me", headers=author.headers, json={"display_name": "Renamed"})
    await happenings.take_effect(author.user_id)

    (card,) = (await client.get(url, headers=viewer.headers)).json()["videos"]
    assert (card["video_id"], card["user"]["display_name"]) == (video_id, "Renamed")
