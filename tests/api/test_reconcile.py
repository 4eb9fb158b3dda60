"""`kinora reconcile`: what is wrong is found in every store, printed, shown as a metric and repaired."""

from argparse import Namespace

import asyncpg
import httpx
import pytest

from app import commands, workers
from app.core.config import Settings
from app.core.metrics import DRIFT
from app.features import Features
from app.stores import Stores
from tests.api.happenings import Happenings
from tests.factories import make_video, sign_up


async def test_drift_in_every_store_is_found_shown_and_repaired(
    client: httpx.AsyncClient,
    stores: Stores,
    happenings: Happenings,
    built: Features,
    database_url: str,
    api_settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    author, fan = await sign_up(client), await sign_up(client)
    video_id = (await make_video(stores, author.user_id)).video_id
    await client.post(f"/api/v1/videos/{video_id}/like", headers=fan.headers)
    await happenings.take_effect(fan.user_id, video_id)
    everything = workers.reconciler(stores, built)
    async for _ in everything.run(repair=True):
        continue
    conn = await asyncpg.connect(database_url)
    await conn.execute("UPDATE social.counts SET n = n + 5 WHERE subject = ANY($1)", [video_id, author.user_id])
    await conn.execute("UPDATE video.authors SET visible_videos = 9 WHERE user_id = $1", author.user_id)
    await conn.execute("UPDATE video.counts SET numbers = numbers || '{\"likes\": 44}' WHERE video_id = $1", video_id)
    await conn.close()

    await everything.publish()
    shown = {kind: DRIFT.labels(kind)._value.get() for kind in ("likes", "visible_videos", "copies")}
    assert all(drift >= 1 for drift in shown.values())
    await commands.reconcile(api_settings, Namespace(repair=True))

    printed = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert {"likes", "likes_received", "visible_videos", "views", "replies", "copies"} <= printed.keys()
    assert " 0 repaired" not in printed["likes"]
    video = (await client.get(f"/api/v1/videos/{video_id}", headers=fan.headers)).json()
    assert video["stats"]["likes"] == 1
    person = (await client.get(f"/api/v1/users/{author.user_id}")).json()
    assert (person["total_likes"], person["video_count"]) == (1, 1)
