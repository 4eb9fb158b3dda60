import json
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath.pure.hits import BROKEN, FETCH, GO_ON, JUDGE, READY, TENDS, Questions

NOW_MS, STAMP_US, BEGAN_MS = 1_800_000_000_000, 1_800_000_000_000_001, 5_000_000
USER, SESSION, STRANGER = b"usr_%026d" % 7, b"ses_%026d" % 8, b"usr_%026d" % 9
AUTHOR = b"%026d" % 1
GENERATION = f"{NOW_MS - 1000:012x}abcdfr"
NAMES = {b"f": b'"fresh"', b"r": b'"recommended"'}
MOST, WINDOW_S = 100, 60


class Twin(NamedTuple):
    hits: ModuleType
    seals: ModuleType
    shelf: ModuleType
    sliding: ModuleType
    templates: ModuleType


TWINS = [
    Twin(*(import_module(f"{package}.{name}") for name in Twin._fields)) for package in ("hotpath", "hotpath.pure")
]
both = pytest.mark.parametrize("twin", TWINS, ids=["c", "py"])


class World:
    """A feed's pages over a shelf of thirty cards, and one reader."""

    def __init__(self, twin: Twin, *, rule: int = 0, apart: bool = False) -> None:
        self.admitted = twin.sliding.SlidingLog()
        self.shelf = twin.shelf.Shelf(10**6)
        for number in range(30):
            self.shelf.put(video(number), card())
        self.cursors = twin.seals.Seal(b"cursors", 16)
        template = twin.templates.Template
        questions = Questions(
            admit=template(b"admit " + b"\x01" * 16 + b"\x02" * 30 + b"\x03" * 30),
            tend=template(b"tend " + b"\x02" * 30),
            tops=tuple(template(b"top%d " % size + b"\x04" * 13) for size in range(50)),
            afters=tuple(template(b"after%d " % size + b"\x05" * 13) for size in range(50)),
            behind=template(b"behind " + b"\x02" * 30),
            apart=apart,
            remember=template(b"SET " + b"\x03" * 30),
            remember_end=b"END",
            alive=b"alive",
        )
        flags = tuple(b'{"flags":%d}' % bits for bits in range(8))
        names = {b"": b'"following"'} if rule else NAMES
        self.kind = "following" if rule else "feed"
        self.hits = twin.hits.Hits(
            self.kind, rule, (MOST, WINDOW_S), questions, self.admitted, self.shelf, self.cursors,
            twin.seals.Seal(b"playbacks", 12), flags, b"/media", names,
        )  # fmt: skip
        self.reader = twin.hits.Reader(USER, SESSION, NOW_MS + 1, "log")
        self.reader.tend_again_ms = BEGAN_MS + 1

    def ask(self, query: bytes = b"", stamp_us: int = STAMP_US, **more: int) -> Any:
        at = {"now_ms": NOW_MS, "began_ms": BEGAN_MS} | more
        return self.hits.ask(self.reader, query, at["now_ms"], stamp_us, at["began_ms"])

    def cursor(self, **fields: Any) -> bytes:
        """A sealed cursor of this reader, behind video 20, with these fields otherwise."""
        place = {
            "generation": GENERATION, "upper": NOW_MS, "score": NOW_MS - 1010, "video_id": video(20).decode(),
            "in_tail": False, "served": 10, "past": (), "pushed": b"",
        }  # fmt: skip
        envelope = {"version": 1, "kind": self.kind, "viewer": USER.decode(), "expires_ms": NOW_MS + 1}
        envelope |= {name: fields.pop(name) for name in list(fields) if name in envelope}
        sealed = [*envelope.values(), list((place | fields).values())]
        text: bytes = self.cursors.seal(msgspec.msgpack.encode(sealed))
        return b"cursor=" + text


def video(number: int) -> bytes:
    return b"vid_%026d" % number


def card(visibility: bytes = b"P") -> bytes:
    head = b"%020d2%bAusr_%b%013d0405a1.0dance" % (7, visibility, AUTHOR, 1_800_000_000_000)
    return head + b'{"u":"\x01/a","v":\x02}'


def blob(**sets: Sequence[bytes]) -> bytes:
    names = ("liked", "saved", "following", "friends", "blocked", "muted")
    members = [sorted(sets.get(name, [])) for name in names]
    header = msgspec.msgpack.encode([1, "", "", [len(each) for each in members]])
    return len(header).to_bytes(2, "big") + header + b"".join(member for each in members for member in each)


def listed(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%b\r\n" % (len(text), text) for text in texts)


def rows(*numbers: int, first_score: int = NOW_MS - 1000) -> bytes:
    """Videos by number, each scored one less than the one before."""
    return listed(
        *(word for place, number in enumerate(numbers) for word in (video(number), b"%d" % (first_score - place)))
    )


def replies(
    entries: bytes,
    *,
    count: int = 2,
    generation: str = GENERATION,
    state: bytes | None = None,
    ties: bytes | None = None,
    alive: bytes | None = b"alive",
) -> list[Any]:
    marker = listed(b"!" + generation.encode(), b"-1") if generation else listed()
    return [count, None, alive, *([] if ties is None else [ties]), entries, marker, blob() if state is None else state]


@both
def test_a_page_from_its_commands_to_its_bytes(twin: Twin) -> None:
    world = World(twin)
    hit = world.ask(b"limit=2")

    assert hit.commands == (b"admit %d%b%btop1 %dbehind %b" % (STAMP_US, USER, SESSION, NOW_MS, USER))
    assert (hit.reading, hit.replies, hit.reading_replies, hit.tends) == (b"", 6, 0, False)
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

    assert hit.commands.partition(b"after")[2] == b"1 %dbehind %b" % (NOW_MS - 1010, USER)
    assert hit.replies == 7
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

    assert (hit.replies, hit.reading_replies) == (3, 3)
    assert hit.reading == b"top0 %dbehind %b" % (NOW_MS, USER)
    came = replies(rows(1, 2, first_score=5), generation="any", state=blob(following=[AUTHOR]))
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
        ({"entries": rows(1, 2)}, GO_ON),
        ({"entries": rows(1, 2, 77)}, FETCH),
        ({"entries": listed(video(1), b"%d" % NOW_MS, b"short", b"%d" % NOW_MS, video(2), b"5")}, GO_ON),
        ({"entries": rows(1, 2, 3, first_score=NOW_MS - 3000)}, GO_ON),
    ],
)
def test_what_is_not_plain_is_said(twin: Twin, change: dict[str, Any], outcome: int) -> None:
    world = World(twin)
    hit = world.ask(b"limit=2")

    assert world.hits.read(hit, replies(**({"entries": rows(1, 2, 3)} | change))) == outcome
    assert hit.alive == ("alive" not in change)
    assert (hit.members() == [video(1), video(2), video(77)]) == (outcome == FETCH)


@both
def test_an_error_or_the_wrong_number_of_replies_is_said(twin: Twin) -> None:
    world = World(twin)
    good = replies(rows(1, 2, 3))
    for place in range(len(good)):
        assert world.hits.read(world.ask(b"limit=2"), [*good[:place], ValueError(), *good[place + 1 :]]) == BROKEN
    assert world.hits.read(world.ask(b"limit=2"), good[1:]) == BROKEN
    for place in (3, 4, 5):
        assert world.hits.read(world.ask(b"limit=2"), [*good[:place], None, *good[place + 1 :]]) == GO_ON


@both
def test_the_limiter_judges_what_the_count_alone_can_not_say(twin: Twin) -> None:
    world = World(twin)
    good = replies(rows(1, 2, 3))
    hit = world.ask(b"limit=2")
    assert world.hits.read(hit, [good[0], b"123", *good[2:]]) == JUDGE
    assert world.admitted.count("log", WINDOW_S * 1000, BEGAN_MS) == 0
    hit.remaining = 7
    assert world.hits.read(hit, good) == READY
    tending = world.ask(b"limit=2", STAMP_US - 1)
    assert STAMP_US % TENDS == 1
    assert (tending.tends, tending.replies) == (True, 8)
    assert b"tend %b" % USER in tending.commands
    assert world.hits.read(tending, [*good[:3], listed(), 1, *good[3:]]) == JUDGE
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
            twin.hits.Reader(user_id, session_id, 0, "log")


QUERIES = st.lists(
    st.one_of(
        st.sampled_from([b"page=0", b"page=1", b"limit=0", b"limit=51", b"limit=50", b"limit=007", b"", b"cursor="]),
        st.integers(0, 120).map(lambda limit: b"limit=%d" % limit),
        st.text("Aa0-_.=%&", max_size=30).map(lambda text: b"cursor=" + text.encode()),
        st.binary(max_size=12),
    ),
    max_size=3,
).map(b"&".join)
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "generation": st.sampled_from(["", GENERATION, "zz", "0" * 12 + "abcdf"]),
        "upper": st.sampled_from([NOW_MS, NOW_MS - 7, 10**12, 10**13, 0]),
        "score": st.sampled_from([NOW_MS - 1010, NOW_MS, 10**12 - 1, 0]),
        "video_id": st.sampled_from(["", video(20).decode(), video(3).decode()]),
        "served": st.integers(0, 2**40),
        "pushed": st.binary(max_size=64).map(lambda raw: raw * 3),
        "expires_ms": st.sampled_from([NOW_MS + 1, NOW_MS]),
    },
)
NUMBERS = st.lists(st.integers(0, 32), max_size=24)
SCORES = st.sampled_from([NOW_MS - 1000, NOW_MS - 990, NOW_MS + 5, NOW_MS - 2500, 20_000])
SETS = st.lists(st.integers(0, 31).map(lambda number: video(number)[4:]), max_size=12, unique=True)


@given(query=QUERIES)
def test_both_take_the_same_queries_for_plain(query: bytes) -> None:
    one, other = World(TWINS[0]).ask(query), World(TWINS[1]).ask(query)

    assert (one is None) == (other is None)
    if one is not None:
        assert (one.limit, one.commands, one.replies) == (other.limit, other.commands, other.replies)


@settings(max_examples=200)
@given(
    rule=st.integers(0, 1),
    apart=st.booleans(),
    place=st.none() | PLACES,
    limit=st.integers(1, 20),
    numbers=NUMBERS,
    score=SCORES,
    tied=NUMBERS,
    generation=st.sampled_from([GENERATION, "", "zz", f"{NOW_MS - 1000:012x}abcd", GENERATION + "trgsf"]),
    liked=SETS,
    stamp_us=st.integers(STAMP_US, STAMP_US + 8),
)
def test_both_make_the_same_page(
    rule: int,
    apart: bool,
    place: dict[str, Any] | None,
    limit: int,
    numbers: list[int],
    score: int,
    tied: list[int],
    generation: str,
    liked: list[bytes],
    stamp_us: int,
) -> None:
    """Of anything that a cursor may hold and replies may say."""
    seen: list[tuple[Any, ...]] = []
    state = blob(liked=liked, following=[AUTHOR])
    for twin in TWINS:
        world = World(twin, rule=rule, apart=apart)
        query = b"limit=%d" % limit + (b"" if place is None else b"&" + world.cursor(**place))
        hit = world.ask(query, stamp_us)
        if hit is None:
            seen.append((None,))
            continue
        ties = rows(*tied, first_score=score) if b"after" in hit.commands + hit.reading else None
        came = replies(rows(*numbers, first_score=score), generation=generation, state=state, ties=ties)
        if hit.tends:
            came[3:3] = [listed(), 1]
            assert world.hits.read(hit, came) == JUDGE
            hit.remaining = 3
        outcome = world.hits.read(hit, came)
        body = None
        if outcome == READY:
            body = world.hits.write(hit, None, b"nonces")
        elif outcome == FETCH:
            entries = [twin.shelf.Entry(member, card()) for member in hit.members()]
            body = world.hits.write(hit, entries, b"nonces")
        seen.append((hit.commands, hit.reading, hit.replies, hit.reading_replies, outcome, body, hit.told))
    assert seen[0] == seen[1]
