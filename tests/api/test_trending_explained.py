"""`kinora trending`: why a video trends, and a bot's part taken out again."""

from argparse import Namespace

import httpx
import pytest

from app import commands
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.playback import Playbacks
from app.features import Features
from app.stores import Stores
from tests.api.asking import ids
from tests.api.feeding import feed
from tests.api.happenings import Happenings
from tests.api.test_feed_trending import URL, fresh_category, shares
from tests.factories import make_video, sign_up
from tests.faults.running import until


def report(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a command printed, without the access log."""
    return [line for line in capsys.readouterr().out.splitlines() if "HTTP/1.1" not in line]


async def test_a_score_is_explained_by_its_terms_and_events(
    client: httpx.AsyncClient,
    stores: Stores,
    happenings: Happenings,
    api_settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    category = fresh_category()
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id, system_ms() - 7_200_000, category=category)).video_id
    await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)
    await shares(client, fan, video_id, 2)
    token = Playbacks(stores.secret).issue(fan.user_id, system_ms() - 60_000)
    view = {"type": "engaged", "watched_ms": 5000, "position_ms": 0, "event_id": "view-0001", "playback_token": token}
    await client.post(f"/api/v1/videos/{video_id}/views", headers=fan.headers, json=view)
    await happenings.take_effect(fan.user_id)

    assert await commands.trending(api_settings, Namespace(action="explain", video=video_id, scope=category)) == 0
    printed = report(capsys)
    terms = {line.split()[0]: line.split()[1].rstrip(",") for line in printed[1:9]}
    (card,) = (await feed(client, f"{URL}?category={category}"))["videos"]

    assert {name: terms[name] for name in ("views", "likes", "shares", "points", "rank")} == {
        "views": "1",
        "likes": "1",
        "shares": "2",
        "points": "5500",
        "rank": "1",
    }
    assert float(terms["age"]) == pytest.approx(2.0, abs=0.02)
    assert int(terms["ticks"]) in (24, 25)
    assert int(terms["score"]) == pytest.approx(card["trending_score"], abs=51)
    assert printed[0] == f"{video_id} in {category}, rule documented-1, 1 in the list"
    events = [line for line in printed if fan.user_id in line]
    assert len(events) == 4
    assert all(f"global,{category}" in line for line in events)
    assert await commands.trending(api_settings, Namespace(action="explain", video=video_id, scope="nothing")) == 1


async def test_an_unlike_takes_its_points_off_where_the_like_put_them(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings, built: Features
) -> None:
    before, after = fresh_category(), fresh_category()
    author, fan = await sign_up(client), await sign_up(client)
    await client.patch("/api/v1/users/me", headers=fan.headers, json={"country": "HM"})
    video_id = (await make_video(stores, author.user_id, category=before)).video_id
    like = f"/api/v1/videos/{video_id}/like"
    await client.post(like, headers=fan.headers)
    await happenings.take_effect(fan.user_id)
    assert [entry for entry, _ in await built.board.make(before)] == [video_id]

    await client.patch(f"/api/v1/videos/{video_id}", headers=author.headers, json={"category": after})
    await client.patch("/api/v1/users/me", headers=fan.headers, json={"country": "BV"})
    await client.delete(like, headers=fan.headers)
    await happenings.take_effect(fan.user_id)

    standings = [await stores.ledger.standing(video_id, scope) for scope in (before, "HM", "global")]
    assert [standing and standing.likes for standing in standings] == [0, 0, 0]
    assert [await stores.ledger.standing(video_id, scope) for scope in (after, "BV")] == [None, None]
    assert await built.board.make(before) == []


async def test_an_author_does_not_make_their_own_video_trend(
    client: httpx.AsyncClient, stores: Stores, happenings: Happenings
) -> None:
    category = fresh_category()
    author = await sign_up(client)
    video_id = (await make_video(stores, author.user_id, category=category)).video_id
    await client.post(f"/api/v1/videos/{video_id}/like", headers=author.headers)
    await shares(client, author, video_id, 3)
    await happenings.take_effect(author.user_id)

    assert await stores.ledger.standing(video_id, category) is None
    assert (await feed(client, f"{URL}?category={category}"))["videos"] == []


async def test_a_bots_part_is_taken_out_and_the_lists_follow_at_once(
    client: httpx.AsyncClient,
    stores: Stores,
    happenings: Happenings,
    built: Features,
    api_settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    category = fresh_category()
    author, fan, bot = await sign_up(client), await sign_up(client), await sign_up(client)
    honest, pushed = [(await make_video(stores, author.user_id, category=category)).video_id for _ in range(2)]
    await shares(client, fan, honest, 1)
    await shares(client, bot, pushed, 8)
    await client.post(f"/api/v1/videos/{honest}/like", headers=bot.headers)
    await happenings.take_effect(fan.user_id, bot.user_id)
    await built.board.make(category)
    url = f"{URL}?category={category}"
    assert ids((await feed(client, url))["videos"]) == [pushed, honest]

    async def only_the_honest() -> bool:
        return ids((await feed(client, url))["videos"]) == [honest]

    for taken in ("9 events", "0 events"):
        await commands.trending(api_settings, Namespace(action="retract", actor=bot.user_id))
        assert taken in capsys.readouterr().out
        await until(only_the_honest, "the answer that the process kept is made anew", patience_s=2)

    await client.delete(f"/api/v1/videos/{honest}/like", headers=bot.headers)
    await happenings.take_effect(fan.user_id, bot.user_id)
    standing = await stores.ledger.standing(honest, category)
    assert standing is not None
    assert (standing.likes, standing.shares) == (0, 1)
