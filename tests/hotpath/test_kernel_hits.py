import json
from typing import Any

import msgspec
import pytest

from hotpath.pure.hits import BROKEN, FETCH, GO_ON, JUDGE, READY, TENDS
from tests.hotpath.hits_world import (
    AUTHOR,
    BEGAN_MS,
    GENERATION,
    MOST,
    NOW_MS,
    SESSION,
    STAMP_US,
    STRANGER,
    TWINS,
    USER,
    WINDOW_S,
    Twin,
    World,
    blob,
    card,
    listed,
    replies,
    rows,
    video,
)

both = pytest.mark.parametrize("twin", TWINS, ids=["c", "py"])


def whole_feed(*members: bytes) -> bytes:
    """Down to the marker, which is the last of these or `!`, and below zero."""
    videos, marker = (members[:2], members[2]) if len(members) > 2 else (members, b"!")
    return listed(*(word for video_id in videos for word in (video_id, b"%d" % NOW_MS)), marker, b"-1")


@both
def test_a_page_from_its_commands_to_its_bytes(twin: Twin) -> None:
    world = World(twin)
    hit = world.ask(b"limit=2")

    assert hit.commands == (b"admit %d%btop1 %bbehind %b%b" % (STAMP_US, USER, USER, USER, SESSION))
    assert (hit.reading, hit.replies, hit.reading_replies, hit.tends) == (b"", 4, 0, False)
    state = blob(liked=[video(1)[4:]], following=[AUTHOR])
    assert world.hits.read(hit, replies(rows(1, 2, 3), state=state)) == READY
    assert (hit.remaining, hit.alive, hit.blob) == (98, True, state)
    page = json.loads(world.hits.write(hit, None, b"nonces"))

    assert page["videos"] == [
        {"u": f"/media/{video(1).decode()}/a1.0/a", "v": {"flags": 5}},
        {"u": f"/media/{video(2).decode()}/a1.0/a", "v": {"flags": 4}},
    ]
    assert (page["next_page"], page["has_more"], page["sources"]) == (1, True, ["fresh", "recommended"])
    sealed = msgspec.msgpack.decode(world.cursors.open(page["next_cursor"].encode()))
    assert sealed[:4] == [1, "feed", USER.decode(), NOW_MS + 24 * 3_600_000]
    assert sealed[4] == [GENERATION, NOW_MS, NOW_MS - 1001, video(2).decode(), False, 2, [], b""]
    session = msgspec.msgpack.encode([2, [["", NOW_MS, 0, "", False, 0, [], b""], sealed[4]]])
    assert hit.told == b"SET %b$%d\r\n%b\r\nEND" % (SESSION, len(session), session)
    assert (world.hits.written, world.hits.cards) == (1, 3)
    assert world.admitted.count("log", WINDOW_S * 1000, BEGAN_MS) == 1


@both
def test_the_next_page_goes_on_behind_the_cursor(twin: Twin) -> None:
    world = World(twin)
    hit = world.ask(b"limit=2&" + world.cursor(pushed=b"abc"))

    assert hit.commands.partition(b"after")[2] == b"1 %dbehind %b%b" % (NOW_MS - 1010, USER, SESSION)
    assert hit.replies == 5
    came = replies(rows(18, 17, first_score=NOW_MS - 1011), ties=rows(25, 19, first_score=NOW_MS - 1010))
    assert world.hits.read(hit, came) == READY
    page = json.loads(world.hits.write(hit, None, b"nonces"))
    assert [one["u"] for one in page["videos"]] == [f"/media/{video(n).decode()}/a1.0/a" for n in (19, 18)]
    sealed = msgspec.msgpack.decode(world.cursors.open(page["next_cursor"].encode()))
    assert sealed[4][5:] == [12, [], b"abc"]
    assert page["next_page"] == 6
    assert hit.told == b""  # `page=N` is remembered at the beginning only


@both
def test_following_keeps_the_videos_own_order(twin: Twin) -> None:
    world = World(twin, rule=1, apart=True)
    hit = world.ask(b"limit=1&page=0")

    assert (hit.replies, hit.reading_replies) == (2, 3)
    assert hit.reading == b"top0 %bbehind %b%b" % (USER, USER, SESSION)
    came = replies(rows(1, 2, first_score=5), generation="any", state=blob(following=[AUTHOR]), apart=True)
    assert world.hits.read(hit, came) == READY
    page = json.loads(world.hits.write(hit, None, b"nonces"))
    assert page["sources"] == ["following"]
    sealed = msgspec.msgpack.decode(world.cursors.open(page["next_cursor"].encode()))
    assert sealed[4] == ["", NOW_MS, 5, video(1).decode(), False, 1, [], b""]


@both
def test_what_was_pushed_on_top_is_remembered_in_the_cursor(twin: Twin) -> None:
    world = World(twin)
    hit = world.ask(b"limit=3&" + world.cursor(video_id="", score=0, served=0, pushed=b"x" * 189))
    entries = listed(video(9), b"%d" % NOW_MS, video(8), b"%d" % (NOW_MS - 1), *sum(
        ((video(n), b"%d" % (NOW_MS - 1000 - n)) for n in range(3)), ()))  # fmt: skip

    assert world.hits.read(hit, replies(entries)) == READY
    page = json.loads(world.hits.write(hit, None, b"nonces"))
    pushed = msgspec.msgpack.decode(world.cursors.open(page["next_cursor"].encode()))[4][7]
    assert len(pushed) == 192  # there is room for one of the two
    assert pushed[:189] == b"x" * 189


@both
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"alive": None}, GO_ON),
        ({"alive": b"revoked"}, GO_ON),
        ({"generation": ""}, GO_ON),
        ({"generation": "f" * 12 + "abcd"}, GO_ON),
        ({"generation": "x" * 65}, GO_ON),
        ({"count": 1}, JUDGE),
        ({"count": MOST}, READY),
        ({"count": MOST + 1}, JUDGE),
        ({"entries": rows(1, 2)}, GO_ON),
        ({"entries": rows(1, 2, 77)}, FETCH),
        ({"entries": listed(video(1), b"%d" % NOW_MS, b"short", b"%d" % NOW_MS, video(2), b"5")}, GO_ON),
        ({"entries": rows(1, 2, 3, first_score=NOW_MS - 3000)}, GO_ON),
        ({"entries": rows(1, 2, 3, first_score=NOW_MS)}, READY),
        ({"entries": rows(1, 2, 3, first_score=NOW_MS + 1)}, GO_ON),  # newer than the feed that is read
        ({"entries": whole_feed(video(1), video(2))}, GO_ON),  # which ends with its marker
        ({"entries": whole_feed(video(1), video(2), b"!" + b"%012x" % (NOW_MS - 1000) + b"a" * 17)}, GO_ON),
    ],
)
def test_what_is_not_plain_is_said(twin: Twin, change: dict[str, Any], outcome: int) -> None:
    world = World(twin)
    hit = world.ask(b"limit=2")

    assert world.hits.read(hit, replies(**({"entries": rows(1, 2, 3)} | change))) == outcome
    assert hit.alive == ("alive" not in change)
    assert hit.absent == (change == {"generation": ""})
    assert (hit.members() == [video(1), video(2), video(77)]) == (outcome == FETCH)


@both
def test_an_error_or_the_wrong_number_of_replies_is_said(twin: Twin) -> None:
    world = World(twin)
    good = replies(rows(1, 2, 3))
    for place in range(len(good)):
        assert world.hits.read(world.ask(b"limit=2"), [*good[:place], ValueError(), *good[place + 1 :]]) == BROKEN
    assert world.hits.read(world.ask(b"limit=2"), good[1:]) == BROKEN
    for place in (1, 2):
        assert world.hits.read(world.ask(b"limit=2"), [*good[:place], None, *good[place + 1 :]]) == GO_ON
    no_pairs: list[Any] = [None, 7, [], [b"alive"], listed(b"alive"), [b"alive", blob(), None]]
    not_alive: list[Any] = [[b"alive", None], [None, None], listed(b"revoked", blob())]
    for last in no_pairs:
        assert world.hits.read(world.ask(b"limit=2"), [*good[:-1], last]) == BROKEN
    for last in not_alive:
        assert world.hits.read(world.ask(b"limit=2"), [*good[:-1], last]) == GO_ON


@both
def test_of_a_node_of_its_own_the_blob_comes_alone(twin: Twin) -> None:
    world = World(twin, apart=True)
    good = replies(rows(1, 2, 3), apart=True)
    assert world.hits.read(world.ask(b"limit=2"), good) == READY
    for place in range(len(good)):
        assert world.hits.read(world.ask(b"limit=2"), [*good[:place], ValueError(), *good[place + 1 :]]) == BROKEN
    for place in (1, 2, 3, 4):
        assert world.hits.read(world.ask(b"limit=2"), [*good[:place], None, *good[place + 1 :]]) == GO_ON


@both
def test_the_limiter_judges_what_the_count_alone_can_not_say(twin: Twin) -> None:
    world = World(twin)
    good = replies(rows(1, 2, 3))
    hit = world.ask(b"limit=2")
    for length in (MOST + 1, None, b"7"):
        assert world.hits.read(hit, [length, *good[1:]]) == JUDGE
    assert world.admitted.count("log", WINDOW_S * 1000, BEGAN_MS) == 0
    hit.remaining = 7
    assert world.hits.read(hit, good) == READY
    tending = world.ask(b"limit=2", STAMP_US - 1)
    assert STAMP_US % TENDS == 1
    assert (tending.tends, tending.replies) == (True, 6)
    assert b"tend %b" % USER in tending.commands
    for oldest in (listed(b"no time"), None):
        assert world.hits.read(tending, [good[0], oldest, 1, *good[1:]]) == JUDGE
    old, young = (b"%d" % (STAMP_US - 1 - WINDOW_S * 10**6 + late_us) for late_us in (0, 1))
    assert world.hits.read(tending, [1, listed(young, old), 1, *good[1:]]) == READY
    assert (tending.remaining, tending.forgets, tending.forgotten) == (MOST, 1, b"forget %b%b" % (old, USER))
    assert world.reader.tend_again_ms == BEGAN_MS + WINDOW_S * 500
    world.reader.tend_again_ms = BEGAN_MS
    assert world.ask(b"limit=2").tends


@both
def test_cards_that_were_fetched_are_judged_and_written(twin: Twin) -> None:
    world = World(twin)
    hit = world.ask(b"limit=2")
    assert world.hits.read(hit, replies(rows(1, 2, 77))) == FETCH
    entries = [twin.shelf.Entry(each, card()) for each in hit.members()]

    assert world.hits.write(hit, [*entries[:2], None], b"nonces") is None
    assert world.hits.write(hit, [twin.shelf.Entry(video(1), card(b"X")), *entries[1:]], b"nonces") is None
    assert len(json.loads(world.hits.write(hit, entries, b"nonces"))["videos"]) == 2
    assert (world.hits.written, world.hits.cards) == (1, 0)


@both
def test_who_asks_too_much_or_too_late_is_not_asked_for(twin: Twin) -> None:
    world = World(twin)
    assert world.ask(now_ms=NOW_MS + 1) is None
    for stamp_us in (0, 10**15 - 1, 10**16):
        assert world.ask(stamp_us=stamp_us) is None
    for _ in range(MOST - 1):
        world.admitted.add("log", BEGAN_MS)
    assert world.ask() is not None
    world.admitted.add("log", BEGAN_MS)
    assert world.ask() is None
    assert world.ask(began_ms=BEGAN_MS + WINDOW_S * 1000) is not None


@both
@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"kind": "following"},
        {"viewer": STRANGER.decode()},
        {"expires_ms": NOW_MS},
        {"in_tail": True},
        {"past": [["abc", 1]]},
        {"video_id": "vid"},
        {"upper": 5},
        {"score": NOW_MS + 1},
        {"generation": "x" * 65},
        {"pushed": b"x" * 195},
        {"served": "many"},
    ],
)
def test_a_cursor_that_is_not_plain_is_the_general_paths(twin: Twin, fields: dict[str, Any]) -> None:
    world = World(twin)
    assert world.ask(world.cursor()) is not None
    assert world.ask(world.cursor(**fields)) is None


@both
def test_what_can_not_be_right_is_refused(twin: Twin) -> None:
    world = World(twin)
    hit = world.ask()
    for nonce in (b"", b"seven.."):
        with pytest.raises(ValueError, match=r"^a nonce has 6 bytes$"):
            world.hits.write(hit, None, nonce)
    with pytest.raises(ValueError, match=r"^nothing was read$"):
        world.hits.write(hit, None, b"nonces")
    for user_id, session_id in ((b"usr_1", SESSION), (USER, b"")):
        with pytest.raises(ValueError, match=r"^ids have 30 bytes$"):
            twin.readers.Reader(user_id, session_id, 0, "log")
