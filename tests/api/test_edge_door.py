"""What the process in front says of a request: believed if it is signed and young, and seen by nobody further in."""

from typing import Any

import pytest

from app.core.clock import system_ms
from app.core.metrics import REGISTRY
from app.core.passport import HEADER, VALID_MS, Passports
from app.http.edge import EdgeDoor
from app.http.limits import COUNTED
from app.ports.limiter import Verdict

NOW = 1_800_000_000_000
PASSPORTS = Passports(b"s" * 32)
PEER = ("127.0.0.1", 50_000)


async def asked(*passports: bytes, kind: str = "http") -> tuple[str, dict[str, Any]]:
    """Which of the two applications was asked, and how."""
    found: list[tuple[str, dict[str, Any]]] = []

    def door(name: str) -> Any:
        async def called(scope: Any, _receive: Any, _send: Any) -> None:
            found.append((name, scope))

        return called

    headers = [(b"host", b"x"), *((HEADER, passport) for passport in passports), (b"x-forwarded-for", b"192.0.2.9")]
    edge = EdgeDoor(door("front"), door("behind"), PASSPORTS, lambda: NOW)
    scope: Any = {"type": kind, "path": "/", "headers": headers, "client": PEER, "state": {}}
    await edge(scope, door("receive"), door("send"))
    ((name, seen),) = found
    assert [pair[0] for pair in seen["headers"]] == [b"host", b"x-forwarded-for"]
    return name, seen


def fallbacks() -> float:
    return REGISTRY.get_sample_value("kinora_fallbacks_total", {"what": "edge"}) or 0.0


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_good_one_says_who_asks(kind: str) -> None:
    before = fallbacks()
    name, scope = await asked(PASSPORTS.issue("192.0.2.1", 4711, NOW, None), kind=kind)
    assert (name, scope["client"], scope["state"]) == ("behind", ("192.0.2.1", 4711), {})
    assert fallbacks() == before


async def test_and_how_that_was_counted() -> None:
    name, scope = await asked(PASSPORTS.issue("2001:db8::1", 1, NOW, (False, 0, 17)))
    assert (name, scope["client"]) == ("behind", ("2001:db8::1", 1))
    assert scope["state"] == {COUNTED: Verdict(False, 0, 17)}


async def test_without_one_nothing_is_different() -> None:
    before = fallbacks()
    assert (await asked())[0] == "front"
    assert fallbacks() == before


@pytest.mark.parametrize(
    "passports",
    [
        [b""],
        [b"x"],
        [b"\xff" * 40],
        [Passports(b"t" * 32).issue("192.0.2.1", 1, NOW, (True, 9, 60))],
        [PASSPORTS.issue("192.0.2.1", 1, NOW - VALID_MS - 1, (True, 9, 60))],
        [PASSPORTS.issue("192.0.2.1", 1, NOW + 2000, (True, 9, 60))],
        [PASSPORTS.issue("192.0.2.1", 1, NOW, None)] * 2,
        [PASSPORTS.issue("192.0.2.1", 1, NOW, None)[:-2]],
    ],
)
async def test_a_bad_one_is_as_none_and_noted(passports: list[bytes]) -> None:
    before = fallbacks()
    name, scope = await asked(*passports)
    assert (name, scope["client"], scope["state"]) == ("front", PEER, {})
    assert fallbacks() == before + 1


def test_it_lives_by_the_clock_of_the_day() -> None:
    assert PASSPORTS.open(PASSPORTS.issue("::1", 1, system_ms(), None), system_ms()) is not None
