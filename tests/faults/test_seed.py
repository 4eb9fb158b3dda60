"""The demo goes through the real upload and processing, and repeating it adds nothing."""

import argparse

import pytest

from app.seed import seed
from tests.faults.running import Kinora


@pytest.mark.long
async def test_seeding_twice_makes_one_demo(kinora: Kinora, capsys: pytest.CaptureFixture[str]) -> None:
    kinora.start("worker", "api")
    for _ in range(2):
        assert await seed(kinora.settings, argparse.Namespace(users=2, videos=2, feeds=False)) == 0
    assert "[██████████████████████████████] 2/2" in capsys.readouterr().err
    shown = [(await kinora.client.get(f"/api/v1/users/@{name}/videos")).json() for name in ("nova.light", "mira_waves")]
    assert [len(page["videos"]) for page in shown] == [1, 1]
    first, second = (page["videos"][0] for page in shown)
    assert first["title"] != second["title"]
    assert first["user"]["avatar_url"]
