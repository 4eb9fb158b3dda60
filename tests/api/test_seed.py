"""A data set to measure with reads like one that grew: its pages, its counts, its tokens."""

from argparse import Namespace
from pathlib import Path

import httpx
import msgspec
import pytest

from app import main
from app.__main__ import main as kinora
from app.adapters.postgres.reconcile import PostgresCounts
from app.core import ids
from app.core.config import ConfigError, Settings
from app.core.tokens import Tokens
from app.seed import seed
from app.stores import Stores
from tests.api.feeding import feed, read_by_page

USERS, VIDEOS = 25, 120


def arguments(tokens: Path | None, ttl_s: int | None = None) -> Namespace:
    return Namespace(users=USERS, videos=VIDEOS, feeds=True, tokens=tokens and str(tokens), token_ttl=ttl_s)


def signed_in(tokens: Path) -> list[dict[str, str]]:
    return [{"authorization": f"Bearer {token}"} for token in tokens.read_text().split()]


async def test_everybody_reads_their_feeds(
    client: httpx.AsyncClient, api_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = tmp_path / "tokens"

    assert await seed(api_settings, arguments(tokens)) == 0

    assert f"] {USERS}/{USERS}\n" in capsys.readouterr().err
    assert tokens.stat().st_mode & 0o777 == 0o600
    everybody = signed_in(tokens)
    assert len(everybody) == USERS
    for headers in everybody:
        page = await feed(client, "/api/v1/feed/for-you", headers)
        assert len(page["videos"]) == 20
        assert page["videos"][0]["user"]["username"]
        me = (await client.get("/api/v1/users/me", headers=headers)).json()
        followed = await read_by_page(client, "/api/v1/feed/following?limit=50", headers)
        assert bool(followed) == bool(me["following_count"])
        assert followed == sorted(followed, reverse=True)  # by the time of publishing, which begins an id


async def test_a_page_shows_what_the_stores_hold(
    client: httpx.AsyncClient, stores: Stores, api_settings: Settings, tmp_path: Path
) -> None:
    await seed(api_settings, arguments(tmp_path / "tokens"))
    for headers in signed_in(tmp_path / "tokens"):
        liked = (await client.get("/api/v1/users/me/likes?limit=50", headers=headers)).json()["items"]
        if not liked:
            continue
        me = (await client.get("/api/v1/users/me", headers=headers)).json()["user_id"]
        await stores.viewers.changed([me])  # the next page is made from the rows
        again = (await client.get("/api/v1/users/me/likes?limit=50", headers=headers)).json()["items"]
        assert again == liked
        assert all(card["user_interaction"]["liked"] and card["stats"]["likes"] >= 1 for card in liked)
        single = (await client.get(f"/api/v1/videos/{liked[0]['video_id']}", headers=headers)).json()
        assert single["stats"] == liked[0]["stats"]


async def test_no_count_of_it_drifts(
    client: httpx.AsyncClient, stores: Stores, api_settings: Settings, tmp_path: Path
) -> None:
    await seed(api_settings, arguments(tmp_path / "tokens"))
    people = [
        (await client.get("/api/v1/users/me", headers=headers)).json()["user_id"]
        for headers in signed_in(tmp_path / "tokens")
    ]
    videos = [video.video_id for user_id in people for video in await stores.videos.by_author(user_id, None, 200)]
    assert len(videos) == VIDEOS
    own, compared = {*people, *videos}, 0

    keepers: tuple[PostgresCounts, ...] = (stores.social_counts, stores.video_counts, stores.view_counts)
    for keeper in keepers:
        for kind in keeper.kinds:
            for first in (min(people), min(videos)):
                page = await keeper.reconcile(kind, ids.floor(first[:3], ids.made_at_ms(first)), 500, repair=False)
                compared += page.compared
                assert not [drift for drift in page.drifts if drift.subject in own]
    assert compared > 3 * USERS


async def test_a_long_token_counts_only_where_it_is_allowed(
    client: httpx.AsyncClient, stores: Stores, api_settings: Settings, tmp_path: Path
) -> None:
    wide = msgspec.structs.replace(api_settings, access_ttl_max_s=7200)
    with pytest.raises(ConfigError, match=r"^KINORA_ACCESS_TTL_MAX_S must be at least 7200, "):
        await seed(api_settings, arguments(tmp_path / "tokens", 7200))
    assert not (tmp_path / "tokens").exists()

    await seed(wide, arguments(tmp_path / "tokens", 7200))

    headers = signed_in(tmp_path / "tokens")[0]
    assert (await client.get("/api/v1/feed/for-you", headers=headers)).status_code == 401
    transport = httpx.ASGITransport(app=main.serving(wide, stores, lambda: False))
    async with httpx.AsyncClient(transport=transport, base_url=wide.public_url) as allowed:
        assert (await allowed.get("/api/v1/feed/for-you", headers=headers)).status_code == 200


def test_demo_people_get_no_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kinora(["seed", "--tokens", str(tmp_path / "tokens")]) == 2
    assert capsys.readouterr().err == "--tokens comes with --feeds: demo people sign in with their password.\n"


async def test_a_production_is_not_seeded(api_settings: Settings, tmp_path: Path) -> None:
    production = msgspec.structs.replace(api_settings, env="production")
    with pytest.raises(ConfigError, match=r"^KINORA_ENV is production"):
        await seed(production, arguments(tmp_path / "tokens"))
    assert not (tmp_path / "tokens").exists()


async def test_the_tokens_are_those_of_the_product(api_settings: Settings, stores: Stores, tmp_path: Path) -> None:
    await seed(api_settings, arguments(tmp_path / "tokens"))
    reader = Tokens(stores.keys, api_settings.public_url)
    now_ms = (tmp_path / "tokens").stat().st_mtime_ns // 1_000_000
    claims = [reader.verify(token, now_ms) for token in (tmp_path / "tokens").read_text().split()]
    assert len({claim.user_id for claim in claims}) == USERS
    assert all(ids.is_id(claim.session_id, "ses") for claim in claims)
