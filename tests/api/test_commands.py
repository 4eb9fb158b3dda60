"""What an operator types: doctor, dead letters, new keys."""

import argparse
from pathlib import Path

import msgspec
import pytest

from app import commands
from app.adapters.files.secrets import KeyFolder
from app.core import ids
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.events import event
from app.core.tokens import Tokens
from app.ports.bus import Delivered, Outgoing
from app.stores import Stores


async def test_the_doctor_names_each_part(api_settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    api_settings.data.blobs.mkdir(parents=True, exist_ok=True)
    assert await commands.doctor(api_settings) == 0
    said = capsys.readouterr().out
    assert "BAD" not in said
    for part in ("kinora", "postgresql   18", "valkey", "schema", "ffmpeg", "objects", "virus scan"):
        assert part in said


async def test_the_doctor_says_what_is_wrong(api_settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    ill = msgspec.structs.replace(api_settings, redis_url="unix:///nonexistent/valkey.sock")
    assert await commands.doctor(ill) == 1
    assert "BAD  redis" in capsys.readouterr().out


async def test_dead_letters_are_listed_and_wanted_again(
    api_settings: Settings, stores: Stores, capsys: pytest.CaptureFixture[str]
) -> None:
    user, group = ids.new("usr"), f"group-{ids.new('evt')}"
    fact = event("user.changed", user, system_ms(), user_id=user)
    await stores.dead_letters.put(group, Delivered("1-0", Outgoing("social", 1, fact)), "it broke", system_ms())
    await commands.deadletter(api_settings, argparse.Namespace(action="list"))
    line = next(line for line in capsys.readouterr().out.splitlines() if group in line)
    assert fact.event_id in line
    assert "it broke" in line
    await commands.deadletter(api_settings, argparse.Namespace(action="replay"))
    [letter] = await stores.dead_letters.wanted(group, 10)
    assert letter.event == fact
    await stores.dead_letters.settle(letter.letter_id, None)


def test_keys_rotate_and_the_one_before_goes_on_verifying(tmp_path: Path) -> None:
    keys = KeyFolder(tmp_path)
    tokens, now_ms = Tokens(keys, "http://localhost"), system_ms()
    old = tokens.mint("usr_x", "ses_x", now_ms)
    first, second = keys.current().kid, keys.rotate()
    assert first != second == keys.current().kid
    new = tokens.mint("usr_x", "ses_x", now_ms)
    elsewhere = Tokens(KeyFolder(tmp_path), "http://localhost")  # another process on the same folder
    assert elsewhere.verify(old, now_ms) == elsewhere.verify(new, now_ms)
    assert [key["kid"] for key in keys.public()] == [second, first]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.pem")} == {0o600}
