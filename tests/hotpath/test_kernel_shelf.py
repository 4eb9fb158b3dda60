import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import shelf as compiled
from hotpath.pure import shelf as pure

ROOT = Path(pure.__file__).parents[2]

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])


def video(number: int) -> bytes:
    return b"vid_%026d" % number


def card(
    body: bytes = b"",
    visibility: bytes = b"P",
    state: bytes = b"A",
    version: int = 7,
    media: bytes = b"",
    topic: bytes = b"",
) -> bytes:
    kind, lengths = b"2%b%b" % (visibility, state), b"%02d%02d" % (len(media), len(topic))
    return b"%020d%busr_%026d%013d%b%b%b%b" % (version, kind, 5, 1_800_000_000_000, lengths, media, topic, body)


@both
def test_an_entry_is_its_card(twin: ModuleType) -> None:
    raw = card(b'{"a":"\x01/x","b":\x02}', media=b"a1-2.0", topic=b"dance")

    entry = twin.Entry(video(1), raw)

    assert (entry.video_id, entry.raw, entry.author) == (video(1), raw, b"%026d" % 5)
    assert (entry.visibility, entry.active) == (b"P", True)
    assert (entry.media_version, entry.category) == (b"a1-2.0", b"dance")
    assert entry.size_bytes == len(raw) + 2 * 2 + pure.ENTRY_BYTES
    assert not twin.Entry(video(1), card(state=b"-", visibility=b"X")).active
    assert twin.Entry(video(1), card(visibility=b"X")).visibility == b"X"


@both
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        card()[:69],
        b"x" + card()[1:],
        card()[:20] + b"PAusr_%026d%013d{}" % (5, 0),  # of the format before
        card()[:20] + b"PAusr_%026d%013d{}" % (5, 0) + b"0" * 20,
        card()[:20] + b"3" + card()[21:],
        card(media=b"a" * 9, topic=b"b" * 9)[:-1],
        card(media=b"a" * 75),
        card(topic=b"a" * 31),
        card(visibility=b"Q"),
        card(state=b"a"),
        card()[:65] + b" " + card()[66:],
        card()[:69] + b" ",
        card(b"\x01" + b"." * 65_536 + b"\x01"),
    ],
)
def test_what_is_no_card_is_refused(twin: ModuleType, raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the card's (header is malformed|slots are too far apart)$"):
        twin.Entry(video(1), raw)


@both
def test_a_header_as_long_as_can_be(twin: ModuleType) -> None:
    entry = twin.Entry(video(1), card(media=b"\x01" * 74, topic=b"\x02" * 30))
    assert (entry.media_version, entry.category) == (b"\x01" * 74, b"\x02" * 30)
    assert entry.size_bytes == len(entry.raw) + pure.ENTRY_BYTES  # none of those is a slot


@both
def test_a_slot_as_far_away_as_can_be_noted(twin: ModuleType) -> None:
    raw = card(b"." * 65_535 + b"\x01")
    assert twin.Entry(video(1), raw).raw == raw


@both
@pytest.mark.parametrize("video_id", [b"", video(1)[:29], video(1) + b"0"])
def test_an_id_has_30_bytes(twin: ModuleType, video_id: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a video's id has 30 bytes$"):
        twin.Entry(video_id, card())
    shelf = twin.Shelf(10_000)
    shelf.drop([video_id])
    assert shelf.find([video_id]) == [None]
    assert shelf.find([video_id.decode()]) == [None]


@both
def test_a_shelf_gives_what_was_put_last(twin: ModuleType) -> None:
    shelf = twin.Shelf(10_000)
    first = shelf.put(video(1), card(b"old"))
    shelf.put(video(2), card(b"two"))
    second = shelf.put(video(1), card(b"new"))

    assert [entry and entry.raw for entry in shelf.find([video(2), video(3), video(1), video(2)])] == [
        *(card(b"two"), None, card(b"new"), card(b"two"))
    ]
    assert shelf.find([video(1)]) == [second]
    assert first.raw == card(b"old")
    assert shelf.find([video(2).decode(), video(3).decode(), "\xe9" * 15]) == [*shelf.find([video(2)]), None, None]
    assert (len(shelf), shelf.size_bytes) == (2, second.size_bytes + shelf.find([video(2)])[0].size_bytes)
    shelf.drop([video(1), video(9)])
    assert (shelf.find([video(1)]), len(shelf)) == ([None], 1)
    shelf.clear()
    assert (shelf.find([video(2)]), len(shelf), shelf.size_bytes) == ([None], 0, 0)


@both
def test_a_shelf_keeps_its_bound(twin: ModuleType) -> None:
    shelf = twin.Shelf(20 * twin.Entry(video(1), card(b"." * 100)).size_bytes)
    for number in range(500):
        shelf.put(video(number), card(b"." * (number % 200)))
        assert shelf.size_bytes <= shelf.max_bytes
        assert shelf.find([video(number)]) != [None]
    assert len(shelf) > 10


@both
def test_a_card_larger_than_the_shelf_replaces_its_former_self_by_nothing(twin: ModuleType) -> None:
    shelf = twin.Shelf(1_000)
    shelf.put(video(1), card())

    assert shelf.put(video(1), card(b"." * 1_000)).active

    assert (shelf.find([video(1)]), len(shelf), shelf.size_bytes) == ([None], 0, 0)
    assert twin.Shelf(0).put(video(1), card()).active


@both
def test_what_is_asked_for_again_and_again_stays(twin: ModuleType) -> None:
    shelf = twin.Shelf(100 * twin.Entry(video(1), card()).size_bytes)
    popular = [video(number) for number in range(10)]
    for video_id in popular:
        shelf.put(video_id, card())
    for number in range(10, 2_000):
        shelf.put(video(number), card())
        assert None not in shelf.find(popular)


@both
def test_a_shelf_full_of_what_is_used_still_takes_new_cards(twin: ModuleType) -> None:
    shelf = twin.Shelf(200 * twin.Entry(video(1), card()).size_bytes)
    for number in range(200):
        shelf.put(video(number), card())
    shelf.find([video(number) for number in range(200)])

    shelf.put(video(200), card())

    assert (len(shelf), shelf.find([video(200)]) != [None]) == (200, True)


MEASURE = """
import ctypes
from hotpath.shelf import Shelf

def resident_bytes():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmRSS"))

def put(number):
    body = (b"." * (number % 400) + 9 * b'"\\x01/a",' + b'\\x02').ljust(730, b" ")
    shelf.put(b"vid_%026d" % number, b"%020d2PAusr_%026d%013d0000" % (7, number, 0) + body)

shelf = Shelf(2**30)
for number in range(1000):
    put(number)
shelf.clear()
ctypes.CDLL(None).malloc_trim(0)  # what imports freed must not be there to be used again
before = resident_bytes()
for number in range(50_000):
    put(number)
print(resident_bytes() - before, shelf.size_bytes)
"""


def test_fifty_thousand_cards_cost_little_more_than_their_bytes() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=ROOT,
        env={**os.environ, "KINORA_PURE": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    resident, counted = map(int, answer.stdout.split())

    assert resident - 50_000 * 800 < 50_000 * 150
    assert 0.95 < resident / counted < 1.05


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "drop", "find", "clear"]), st.integers(0, 150), st.integers(0, 40)),
    max_size=120,
)


def _assert_twins_keep_the_same(steps: list[tuple[str, int, int]]) -> None:
    """On shelves that are never full: which cards a full one gives up is each twin's own affair."""
    left, right = compiled.Shelf(1_000_000), pure.Shelf(1_000_000)
    everything = [video(number) for number in range(160)]
    for step, number, size in steps:
        for shelf in (left, right):
            if step == "put":
                for more in range(number, number + 8):
                    shelf.put(video(more), card(b"." * size))
            elif step == "drop":
                shelf.drop([video(number), video(number + 3)])
            elif step == "clear" and size == 0:
                shelf.clear()
        assert (len(left), left.size_bytes) == (len(right), right.size_bytes)
    kept = [[entry and entry.raw for entry in shelf.find(everything)] for shelf in (left, right)]
    assert kept[0] == kept[1]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(STEPS)
def test_twins_keep_the_same(steps: list[tuple[str, int, int]]) -> None:
    _assert_twins_keep_the_same(steps)


@pytest.mark.long
@settings(max_examples=5_000, deadline=None)
@given(STEPS)
def test_twins_keep_the_same_at_length(steps: list[tuple[str, int, int]]) -> None:
    _assert_twins_keep_the_same(steps)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(max_entries=st.integers(1, 70), steps=STEPS)
def test_a_full_shelf_gives_the_newest_or_nothing(max_entries: int, steps: list[tuple[str, int, int]]) -> None:
    shelf = compiled.Shelf(max_entries * (len(card()) + pure.ENTRY_BYTES + 20))
    last: dict[bytes, bytes] = {}
    for step, number, size in steps:
        if step == "put":
            last[video(number)] = card(b"." * size, version=len(last))
            shelf.put(video(number), last[video(number)])
        elif step == "drop":
            shelf.drop([video(number)])
            last.pop(video(number), None)
        found = shelf.find(list(last))
        assert all(entry is None or entry.raw == raw for entry, raw in zip(found, last.values(), strict=True))
        assert sum(entry is not None for entry in found) == len(shelf)
        assert shelf.size_bytes <= shelf.max_bytes
