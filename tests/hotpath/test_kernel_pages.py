import json
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import pages as compiled_pages
from hotpath import shelf as compiled_shelf
from hotpath.pure import pages as pure_pages
from hotpath.pure import shelf as pure_shelf

TWINS = [(compiled_shelf, compiled_pages), (pure_shelf, pure_pages)]
both = pytest.mark.parametrize(("shelf", "pages"), TWINS, ids=["compiled", "pure"])

FLAGS = tuple(b'{"flags":%d}' % bits for bits in range(8))
ANA, BEN, EVE = b"%026d" % 1, b"%026d" % 2, b"%026d" % 3


def video(number: int) -> bytes:
    return b"vid_%026d" % number


def card(
    author: bytes,
    visibility: bytes = b"P",
    state: bytes = b"A",
    body: bytes = b'{"u":"\x01/a","v":\x02}',
    media: bytes = b"a1.0",
) -> bytes:
    kind, lengths = b"2%b%b" % (visibility, state), b"%02d05" % len(media)
    return b"%020d%busr_%b%013d%b%bdance%b" % (7, kind, author, 1_800_000_000_000, lengths, media, body)


def address(number: int, name: str, prefix: str = "/media", media: str = "a1.0") -> str:
    return f"{prefix}/{video(number).decode()}/{media}/{name}"


def blob(liked_since: str = "", saved_since: str = "", version: int = 1, **sets: list[bytes]) -> bytes:
    names = ("liked", "saved", "following", "friends", "blocked", "muted")
    members = [sorted(sets.get(name, [])) for name in names]
    header = msgspec.msgpack.encode([version, liked_since, saved_since, [len(each) for each in members]])
    return len(header).to_bytes(2, "big") + header + b"".join(member for each in members for member in each)


@both
def test_a_page_is_its_cards_with_the_viewers_flags(shelf: ModuleType, pages: ModuleType) -> None:
    entries = [shelf.Entry(video(number), card(author)) for number, author in enumerate([ANA, BEN, EVE])]
    state = blob(liked=[video(0)[4:], video(1)[4:]], saved=[video(1)[4:]], following=[EVE])

    whole = pages.page(entries, state, ANA, 0, 20, FLAGS, b"/media", b'{"videos":', b',"next":null}')

    assert json.loads(whole) == {
        "videos": [
            {"u": address(0, "a"), "v": {"flags": 1}},
            {"u": address(1, "a"), "v": {"flags": 3}},
            {"u": address(2, "a"), "v": {"flags": 4}},
        ],
        "next": None,
    }


@both
@pytest.mark.parametrize("prefix", ["", "/m", "/" + "m" * 127])
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 31, 32, 33, 74])
def test_addresses_are_put_together_whatever_their_lengths(
    shelf: ModuleType, pages: ModuleType, prefix: str, size: int
) -> None:
    kinds = [("x" * size, "a"), ("y", ""), ("", "b" * 300)]
    entries = [
        shelf.Entry(video(number), card(ANA, body=b'"\x01/%b"' % name.encode(), media=media.encode()))
        for number, (media, name) in enumerate(kinds)
    ]

    whole = pages.page(entries, None, b"", 0, 3, FLAGS, prefix.encode(), b"", b"")

    assert json.loads(whole) == [address(number, name, prefix, media) for number, (media, name) in enumerate(kinds)]


@both
def test_rows_beyond_the_limit_are_judged_but_not_written(shelf: ModuleType, pages: ModuleType) -> None:
    entries = [shelf.Entry(video(number), card(ANA, body=b"%d" % number)) for number in range(3)]
    hidden = shelf.Entry(video(3), card(BEN, b"X"))

    assert pages.page(entries, None, b"", 0, 2, FLAGS, b"/m", b"", b"") == b"[0,1]"
    assert pages.page(entries, None, b"", 0, 0, FLAGS, b"/m", b"<", b">") == b"<[]>"
    assert pages.page([], None, b"", 0, 5, FLAGS, b"/m", b"", b"") == b"[]"
    assert pages.page([*entries, hidden], None, b"", 0, 2, FLAGS, b"/m", b"", b"") is None
    assert pages.page([*entries, None], None, b"", 0, 2, FLAGS, b"/m", b"", b"") is None


@both
def test_flags_that_are_unknown_matter_only_within_the_limit(shelf: ModuleType, pages: ModuleType) -> None:
    entries = [shelf.Entry(video(number), card(ANA, body=b"\x02")) for number in (9, 4)]
    state = blob(saved_since=video(4).decode(), following=[ANA])

    assert pages.page(entries, state, BEN, 0, 1, FLAGS, b"", b"", b"") == b'[{"flags":4}]'
    assert pages.page(entries, state, BEN, 0, 2, FLAGS, b"", b"", b"") is None
    assert pages.visible(entries, state, BEN, 0) == b"\1\2"


@both
def test_who_may_see_what(shelf: ModuleType, pages: ModuleType) -> None:
    kinds = [b"P", b"F", b"X"]
    shown = [shelf.Entry(video(number), card(ANA, kind)) for number, kind in enumerate(kinds)]
    gone = [shelf.Entry(video(number), card(ANA, kind, b"-")) for number, kind in enumerate(kinds)]
    cases: list[tuple[bytes | None, bytes, bytes, bytes]] = [  # whose blob, and what wants and follows say
        (None, b"", b"\1\0\0", b"\0\0\0"),
        (blob(), BEN, b"\1\0\0", b"\0\0\0"),
        (blob(following=[ANA]), BEN, b"\1\0\0", b"\1\0\0"),
        (blob(following=[ANA], friends=[ANA]), BEN, b"\1\2\0", b"\1\2\0"),
        (blob(following=[ANA], friends=[ANA], muted=[ANA]), BEN, b"\0\0\0", b"\0\0\0"),
        (blob(following=[ANA], friends=[ANA], blocked=[ANA]), BEN, b"\0\0\0", b"\0\0\0"),
        (blob(), ANA, b"\1\2\2", b"\0\0\0"),
        (blob(blocked=[ANA], following=[ANA]), ANA, b"\1\2\2", b"\1\2\2"),
        (blob(muted=[ANA]), ANA, b"\0\0\0", b"\0\0\0"),
    ]
    for state, viewer, wants, follows in cases:
        assert (pages.visible(shown, state, viewer, 0), pages.visible(shown, state, viewer, 1)) == (wants, follows)
        assert pages.visible(gone, state, viewer, 0) == pages.visible(gone, state, viewer, 1) == b"\0\0\0"
    assert pages.visible([None], None, b"", 0) == b"\2"


MALFORMED = {
    "empty": b"",
    "another version": blob(version=2),
    "a wide version": b"\0\x0d\x94\xcd\0\2\xa0\xa0\x96\0\0\0\0\0\0",
    "cut": blob(liked=[ANA])[:-1],
    "something behind": blob(liked=[ANA]) + b"0",
    "a header cut": blob()[:4],
    "a header longer than the blob": b"\xff\xff" + blob()[2:],
    "no array": b"\0\1\xc0",
    "five counts": b"\0\x0b\x94\1\xa0\xa0\x95\0\0\0\0\0",
    "a negative count": b"\0\x0b\x94\1\xa0\xa0\x96\0\0\0\0\0\xff",
    "a count cut": b"\0\x0b\x94\1\xa0\xa0\x96\0\0\0\0\0\xce",
    "more counts than ids": b"\0\x0f\x94\1\xa0\xa0\x96\0\0\0\0\0\xce\xff\xff\xff\xff",
    "a count that no number holds": b"\0\x13\x94\1\xa0\xa0\x96\0\0\0\0\0\xcf" + b"\xff" * 8,
    "counts that overflow": b"\0\x1b\x94\1\xa0\xa0\x96\0\0\0\0" + 2 * (b"\xcf\x7f" + b"\xff" * 7),
    "a text cut": b"\0\4\x94\1\xa5a",
    "a number for a text": b"\0\x0b\x94\1\5\xa0\x96\0\0\0\0\0\0",
    "behind the counts": b"\0\x0c\x94\1\xa0\xa0\x96\0\0\0\0\0\0\0",
}


@both
@pytest.mark.parametrize("state", MALFORMED.values(), ids=MALFORMED)
def test_a_blob_of_another_shape_is_left_to_the_caller(shelf: ModuleType, pages: ModuleType, state: bytes) -> None:
    entries = [shelf.Entry(video(1), card(ANA))]

    assert pages.visible(entries, state, ANA, 0) is None
    assert pages.page(entries, state, ANA, 0, 1, FLAGS, b"", b"", b"") is None


@both
def test_long_forms_mean_the_same(shelf: ModuleType, pages: ModuleType) -> None:
    entries = [shelf.Entry(video(1), card(ANA))]
    numbers = b"\xcf" + bytes(7) + b"\1"
    header = b"\x94" + numbers + b"\xd9\0\xd9\x20" + b"\0" * 32 + b"\x96\0\0" + numbers + b"\0\0\0"
    state = len(header).to_bytes(2, "big") + header + ANA

    assert pages.visible(entries, state, BEN, 1) == b"\1"


@both
def test_counts_of_every_width(shelf: ModuleType, pages: ModuleType) -> None:
    entries = [shelf.Entry(video(number), card(ANA, body=b"\x02")) for number in (0, 69_999, 70_000)]
    liked, saved = (
        [video(number)[4:] for number in range(70_000)],
        [video(number)[4:] for number in range(0, 70_000, 200)],
    )

    whole = pages.page(entries, blob(liked=liked, saved=saved, following=[ANA] * 200), BEN, 0, 3, FLAGS, b"", b"", b"")

    assert whole == b'[{"flags":7},{"flags":5},{"flags":4}]'


@both
def test_wrong_calls(shelf: ModuleType, pages: ModuleType) -> None:
    good: list[Any] = [[shelf.Entry(video(1), card(ANA))], blob(), ANA, 0, 1, FLAGS, b"/m", b"", b""]
    for place, wrong in [(2, b"short"), (3, 2), (3, -1), (4, -1), (5, FLAGS[:7]), (6, b"x" * 129)]:
        with pytest.raises(ValueError, match=r"."):
            pages.page(*good[:place], wrong, *good[place + 1 :])
    for place, wrong in [(2, b""), (3, 2)]:
        with pytest.raises(ValueError, match=r"."):
            pages.visible(*good[:4][:place], wrong, *good[:4][place + 1 :])
    with pytest.raises((TypeError, AttributeError)):
        pages.page([1], *good[1:])
    with pytest.raises(TypeError):
        pages.page(*good[:5], (1,) * 8, *good[6:])


def test_a_large_page_is_written_without_the_lock_and_is_the_same() -> None:
    body = b'"' + b"x" * 900 + b'\x01/a\x01/b",\x02'
    made = [
        pages.page(
            [shelf.Entry(video(number), card(ANA, body=body)) for number in range(200)],
            *(blob(liked=[video(7)[4:]]), BEN, 0, 200, FLAGS, b"https://media.example/a", b"<", b">"),
        )
        for shelf, pages in TWINS
    ]
    assert made[0] == made[1]
    assert len(made[0]) > 190_000


NAMES = [
    b"%b%010d%08d" % (start, middle, end)
    for start in (b"0" * 8, b"0" * 7 + b"A")
    for middle in (0, 3)
    for end in (0, 7)
]
BODIES = st.lists(
    st.sampled_from([b"\x01", b"\x02", b"{", b'"text"', b"\xff" * 15, b"." * 16, b"x" * 40, b"y" * 300, b"\x00\x03"]),
    max_size=9,
).map(b"".join)
CARDS = st.lists(
    st.none()
    | st.tuples(
        st.sampled_from(NAMES),
        st.builds(
            card,
            st.sampled_from(NAMES),
            st.sampled_from([b"P", b"P", b"P", b"F", b"X"]),
            st.sampled_from([b"A", b"A", b"A", b"-"]),
            BODIES,
            st.sampled_from([b"", b"a1.0", b"\x01" * 17, b"m" * 74]),
        ),
    ),
    max_size=5,
)
SETS = st.lists(st.sampled_from(NAMES), max_size=6, unique=True)
SINCE = st.sampled_from(["", "", "v", "vid_", *("vid_" + name.decode() for name in NAMES[:3]), "zzz", "w" * 31])
BLOBS = st.none() | st.builds(
    blob, SINCE, SINCE, liked=SETS, saved=SETS, following=SETS, friends=SETS, blocked=SETS, muted=SETS
)
FILLS = st.sampled_from([b"", b"/media", b"." * 16, b"https://cdn.example/media/x", b"/" * 128])
CALLS = st.tuples(
    *(CARDS, BLOBS, st.sampled_from(NAMES), st.sampled_from([0, 1]), st.integers(0, 6)),
    *(st.tuples(*[FILLS] * 8), FILLS, FILLS, FILLS),
)


def _assert_twins_agree(call: Any) -> None:
    rows, *rest = call
    answers = []
    for shelf, pages in TWINS:
        entries = [row and shelf.Entry(b"vid_" + row[0], row[1]) for row in rows]
        answers.append((pages.visible(entries, *rest[:3]), pages.page(entries, *rest)))
    assert answers[0] == answers[1]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(CALLS)
def test_twins_agree(call: Any) -> None:
    _assert_twins_agree(call)


@pytest.mark.long
@settings(max_examples=50_000, deadline=None)
@given(CALLS)
def test_twins_agree_at_length(call: Any) -> None:
    _assert_twins_agree(call)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=60) | st.tuples(BLOBS.filter(bool), st.integers(0, 400), st.binary(max_size=2)))
def test_twins_agree_on_any_bytes_for_a_blob(hostile: Any) -> None:
    if isinstance(hostile, tuple):
        state, at, patch = hostile
        place = at % (2 + state[1])  # in the header: ids out of order are no blob
        hostile = state[:place] + patch + state[place + len(patch) :]
    answers = [pages.visible([shelf.Entry(video(1), card(ANA))], hostile, ANA, 0) for shelf, pages in TWINS]
    assert answers[0] == answers[1]
