"""The data set that figures are measured on, at its full size: how long it takes, and that nothing in it is wrong."""

import argparse
import time
from pathlib import Path

import msgspec
import pytest

from app import commands
from app.core.config import Settings
from app.seed import seed
from app.stores import open_stores
from tests.servers.engines import running_engines, short_folder

USERS, VIDEOS, TTL_S = 10_000, 50_000, 7200


@pytest.mark.long
async def test_ten_thousand_people_and_fifty_thousand_videos(capsys: pytest.CaptureFixture[str]) -> None:
    with short_folder() as folder, running_engines(folder) as engines:
        settings = msgspec.structs.replace(engines, access_ttl_max_s=TTL_S)
        began_s = time.monotonic()
        assert await _seeded(settings, folder / "tokens") == 0
        spent_s = time.monotonic() - began_s
        assert len((folder / "tokens").read_text().split()) == USERS
        assert await commands.reconcile(settings, argparse.Namespace(repair=False)) == 0
        printed = capsys.readouterr().out
        async with open_stores(settings) as stores:
            [(_, newest)] = await stores.videos.fresh(None, 1)
            [card] = await stores.cards.get_many([newest])
            assert card is not None
    with capsys.disabled():
        print(f"\n{USERS} people and {VIDEOS} videos in {spent_s:.1f} s\n{printed}")


async def _seeded(settings: Settings, tokens: Path) -> int:
    wish = argparse.Namespace(users=USERS, videos=VIDEOS, feeds=True, tokens=str(tokens), token_ttl=TTL_S)
    return await seed(settings, wish)
