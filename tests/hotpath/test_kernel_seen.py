import random
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotpath import seen as compiled
from hotpath.pure import seen as pure

both = pytest.mark.parametrize("twin", [pytest.param(compiled, id="compiled"), pytest.param(pure, id="pure")])

NOW_MS = 1_790_000_000_000
WEEK_MS = 7 * 86_400_000
FULL = 10_000
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _ids(count: int, seed: int) -> bytes:
    """As the server makes them: of one hour, differing in their random part and the last digits of their time."""
    draw = random.Random(seed)
    made = ["vid_01K5PZ" + "".join(draw.choices(ALPHABET, k=20)) for _ in range(count)]
    return "".join(made).encode()


def _filled(twin: ModuleType, *generations: bytes) -> bytes:
    kept: bytes = twin.empty(NOW_MS)
    for ids in generations:
        kept = twin.add(kept, ids, NOW_MS)
    return kept


@both
def test_what_was_added_is_remembered(twin: ModuleType) -> None:
    known, strange = _ids(300, 1), _ids(300, 2)

    kept = _filled(twin, known)

    assert twin.contains(kept, known) == b"\x01" * 300
    assert twin.contains(kept, strange) == bytes(300)
    assert twin.contains(kept, strange[:30] + known[:60] + strange[30:60] + known[:30]) == b"\x00\x01\x01\x00\x01"
    assert twin.contains(kept, b"") == b""


@both
def test_appending_marks_is_adding(twin: ModuleType) -> None:
    first, later = _ids(40, 1), _ids(40, 2)
    kept = _filled(twin, first) + twin.marks(later[:600]) + twin.marks(later[600:])

    assert twin.sizes(kept) == (40, 0, 40)
    assert twin.contains(kept, first + later) == b"\x01" * 80
    tidied = twin.add(kept, b"", NOW_MS)
    assert tidied == _filled(twin, first + later)
    assert twin.sizes(tidied) == (80, 0, 0)


@both
def test_adding_again_changes_nothing(twin: ModuleType) -> None:
    ids = _ids(50, 1)
    kept = _filled(twin, ids)

    assert twin.add(kept, ids, NOW_MS) == kept
    assert twin.add(kept + twin.marks(ids), ids[:30], NOW_MS + 1) == kept


@both
def test_a_full_generation_becomes_the_old_one_and_both_are_read(twin: ModuleType) -> None:
    first, second, third = _ids(FULL, 1), _ids(FULL, 2), _ids(100, 3)

    kept = _filled(twin, first)
    assert twin.sizes(kept)[0] + twin.sizes(kept)[1] > FULL - 20  # some of ten thousand hashes are equal
    kept = _filled(twin, first, second, third)

    new, old, appended = twin.sizes(kept)
    assert (old, appended) == (FULL, 0)
    assert new < 200
    assert twin.contains(kept, second[30 * 100 :]) == b"\x01" * (FULL - 100)
    assert twin.contains(kept, third) == b"\x01" * 100
    assert sum(twin.contains(kept, first)) < FULL // 100  # forgotten with their generation


@both
def test_a_week_begins_a_generation_and_forgets_none_of_the_last(twin: ModuleType) -> None:
    first, second, third = _ids(20, 1), _ids(20, 2), _ids(20, 3)
    kept = _filled(twin, first)

    kept = twin.add(kept, second, NOW_MS + WEEK_MS - 1)
    assert twin.sizes(kept) == (40, 0, 0)
    kept = twin.add(kept + twin.marks(third), b"", NOW_MS + WEEK_MS)
    assert twin.sizes(kept) == (0, 60, 0)
    assert twin.contains(kept, first + second + third) == b"\x01" * 60
    kept = twin.add(kept, first[:30], NOW_MS + WEEK_MS + 1)
    assert twin.sizes(kept) == (1, 60, 0)
    kept = twin.add(kept, b"", NOW_MS + 2 * WEEK_MS)
    assert twin.sizes(kept) == (0, 1, 0)
    assert twin.contains(kept, first) == b"\x01" + bytes(19)


@both
def test_a_clock_set_back_rotates_nothing(twin: ModuleType) -> None:
    kept = twin.add(_filled(twin, _ids(5, 1)), _ids(5, 2), NOW_MS - 10 * WEEK_MS)

    assert twin.sizes(kept) == (10, 0, 0)


def test_two_full_generations_know_few_strangers_and_are_small() -> None:
    draw = random.Random(7)
    kept = compiled.empty(NOW_MS)
    while compiled.sizes(kept)[1] < FULL:
        kept = compiled.add(kept, _ids(1000, draw.getrandbits(64)), NOW_MS)
    new = 0
    while new < FULL - 1:  # one short of rotating
        kept = compiled.add(kept, _ids(min(1000, FULL - 1 - new), draw.getrandbits(64)), NOW_MS)
        new, old, _ = compiled.sizes(kept)
    assert (new, old) == (FULL - 1, FULL)

    probes = 1_000_000
    wrong = sum(sum(compiled.contains(kept, _ids(10_000, draw.getrandbits(64)))) for _ in range(probes // 10_000))

    # 2 x 10,000 of 2^23 hashes are taken: 0.238 %, and 0.26 % lies four deviations above.
    assert wrong / probes < 0.0026, f"{wrong / probes:.4%} of strangers taken for known ones"
    bits = 8 * len(kept) / (new + old)
    assert bits < 12, f"{bits:.2f} bits a remembered item"


@pytest.mark.parametrize(("items", "most_bytes"), [(0, 16), (1, 19), (10, 50), (100, 260), (512, 1040), (1000, 1850)])
def test_a_small_filter_costs_little(items: int, most_bytes: int) -> None:
    assert len(_filled(compiled, _ids(items, items))) <= most_bytes


@both
def test_the_hash_and_the_format_are_what_is_stored(twin: ModuleType) -> None:
    """These bytes lie in Redis while versions come and go: whoever changes them raises the version."""
    ids = b"vid_01K5PZ0000000000000000000Avid_01K5PZ0000000000000000000B"

    assert twin.marks(ids).hex() == STORED_MARKS
    assert twin.add(twin.empty(NOW_MS), ids, NOW_MS).hex() == STORED_FILTER


STORED_MARKS = "7b4a34c93b39"
STORED_FILTER = "006c50c4a00100010200060000000000f794e84df104"


def _broken(kept: bytes) -> list[bytes]:
    header = struct.Struct("<Q4H")
    stamp, new, new_bytes, old, old_bytes = header.unpack_from(kept)
    rest = kept[header.size :]
    return [
        b"",
        kept[:15],
        header.pack(2 << 56 | NOW_MS, new, new_bytes, old, old_bytes) + rest,
        header.pack(stamp, FULL + 1, new_bytes, old, old_bytes) + rest,
        header.pack(stamp, new, new_bytes, FULL + 1, old_bytes) + rest,
        header.pack(stamp, new, new_bytes + 3, old, old_bytes) + rest,
        header.pack(stamp, new, 30_001, old, old_bytes) + bytes(30_001),
        header.pack(stamp, new + 5, new_bytes, old, old_bytes) + rest,
        header.pack(stamp, new, new_bytes, old, old_bytes) + bytes(len(rest)),
        header.pack(stamp, new, new_bytes, old, old_bytes) + b"\xff" * len(rest),
        kept + b"x",
        kept[:-1],
    ]


@pytest.mark.parametrize("place", range(12))
def test_what_is_no_filter_is_refused_by_both_in_the_same_words(place: int) -> None:
    broken = _broken(_filled(pure, _ids(20, 1)))[place]

    assert _outcome(lambda: compiled.contains(broken, _ids(1, 1))) == _outcome(
        lambda: pure.contains(broken, _ids(1, 1))
    )
    assert _outcome(lambda: compiled.add(broken, b"", NOW_MS)) == _outcome(lambda: pure.add(broken, b"", NOW_MS))
    if place != 9:  # sixteen ones in a row are a code, if an unlikely one
        assert _outcome(lambda: pure.contains(broken, _ids(1, 1))) == "no filter of this version"


def _outcome(run: Callable[[], bytes]) -> bytes | str:
    try:
        return run()
    except ValueError as error:
        return str(error)


@both
def test_other_lengths_and_times_are_refused(twin: ModuleType) -> None:
    kept = twin.empty(0)
    for wrong in (b"x", b"x" * 31, b"x" * 59):
        calls: list[Callable[[bytes], bytes]] = [
            twin.marks,
            lambda ids: twin.add(kept, ids, 0),
            lambda ids: twin.contains(kept, ids),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"^ids must hold 30 bytes each$"):
                call(wrong)
    for time_ms in (-1, 2**48):
        with pytest.raises(ValueError, match=r"^a time has 48 bits$"):
            twin.empty(time_ms)
        with pytest.raises(ValueError, match=r"^a time has 48 bits$"):
            twin.add(kept, b"", time_ms)


def test_none_in_place_of_bytes_is_a_type_error() -> None:
    nothing: Any = None
    kept = compiled.empty(NOW_MS)
    calls: list[Callable[[], Any]] = [
        lambda: compiled.marks(nothing),
        lambda: compiled.sizes(nothing),
        lambda: compiled.add(nothing, b"", NOW_MS),
        lambda: compiled.add(kept, nothing, NOW_MS),
        lambda: compiled.contains(nothing, b""),
        lambda: compiled.contains(kept, nothing),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


BATCHES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 60), st.booleans(), st.integers(0, 4 * 86_400_000)), max_size=12
)


def _assert_twins_agree(batches: list[tuple[int, int, bool, int]]) -> None:
    """Both work through the same additions; what either says is known is compared with what was ever added, too."""
    everything = _ids(460, 5)
    by_compiled, by_pure, now_ms = compiled.empty(NOW_MS), pure.empty(NOW_MS), NOW_MS
    recent: set[bytes] = set()
    for start, count, append, passed_ms in batches:
        now_ms += passed_ms
        ids = everything[30 * start : 30 * (start + count)]
        if append:
            by_compiled, by_pure = by_compiled + compiled.marks(ids), by_pure + pure.marks(ids)
        else:
            by_compiled, by_pure = compiled.add(by_compiled, ids, now_ms), pure.add(by_pure, ids, now_ms)
        assert by_compiled == by_pure
        if now_ms - NOW_MS < WEEK_MS:  # nothing that was added by now can be forgotten
            recent |= {ids[at : at + 30] for at in range(0, len(ids), 30)}
        found = compiled.contains(by_compiled, everything)
        assert found == pure.contains(by_pure, everything)
        if now_ms - NOW_MS < 2 * WEEK_MS:
            assert all(found[at] for at in range(460) if everything[30 * at : 30 * at + 30] in recent)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(BATCHES)
def test_twins_agree(batches: list[tuple[int, int, bool, int]]) -> None:
    _assert_twins_agree(batches)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=80), st.integers(0, 12), st.integers(0, 12), st.integers(0, 30), st.integers(0, 30))
def test_twins_agree_on_any_bytes(rest: bytes, new: int, old: int, new_bytes: int, old_bytes: int) -> None:
    kept = struct.pack("<Q4H", 1 << 56 | NOW_MS, new, new_bytes, old, old_bytes) + rest
    probe = _ids(3, 1)

    assert _outcome(lambda: compiled.contains(kept, probe)) == _outcome(lambda: pure.contains(kept, probe))
    assert _outcome(lambda: compiled.add(kept, probe, NOW_MS)) == _outcome(lambda: pure.add(kept, probe, NOW_MS))


@pytest.mark.long
@settings(max_examples=3_000, deadline=None)
@given(BATCHES)
def test_twins_agree_at_length(batches: list[tuple[int, int, bool, int]]) -> None:
    _assert_twins_agree(batches)
