from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath import overdue as compiled
from hotpath import templates as compiled_templates
from hotpath.pure import overdue as pure
from hotpath.pure import templates as pure_templates

TWINS = [(compiled, compiled_templates), (pure, pure_templates)]
both = pytest.mark.parametrize(("kernel", "templates"), TWINS, ids=["c", "py"])

FORGET = b"LREM " + b"\x02" * 3 + b" " + b"\x01" * 16 + b";"
STAMP_US = 1_800_000_000_000_000
WINDOW_US = 60_000_000
WINDOW = (STAMP_US, WINDOW_US)
EDGE_US = STAMP_US - WINDOW_US


def listed(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%b\r\n" % (len(text), text) for text in texts)


@both
def test_what_is_not_later_than_the_edge_is_forgotten(kernel: ModuleType, templates: ModuleType) -> None:
    forget = templates.Template(FORGET)
    young, edge, old = (b"%d" % (EDGE_US + late_us) for late_us in (1, 0, -5))

    assert kernel.overdue(listed(young, edge, old), *WINDOW, forget, b"usr") == (
        2,
        b"LREM usr %b;LREM usr %b;" % (edge, old),
    )
    assert kernel.overdue(listed(young, young), *WINDOW, forget, b"usr") == (0, b"")
    assert kernel.overdue(listed(old, young), *WINDOW, forget, b"usr") == (0, b"")  # the last one says it for all
    assert kernel.overdue(listed(), *WINDOW, forget, b"usr") == (0, b"")


@both
def test_what_can_not_be_true_is_forgotten_too(kernel: ModuleType, templates: ModuleType) -> None:
    forget = templates.Template(FORGET)
    hour, false, latest = (b"%d" % (STAMP_US + ahead_us) for ahead_us in (3_600_000_000, WINDOW_US + 1, WINDOW_US))

    assert kernel.overdue(listed(hour, latest, false), *WINDOW, forget, b"usr") == (
        2,
        b"LREM usr %b;LREM usr %b;" % (hour, false),
    )
    assert kernel.overdue(listed(false, latest), *WINDOW, forget, b"usr") == (0, b"")


@both
def test_what_is_no_time_is_said(kernel: ModuleType, templates: ModuleType) -> None:
    for odd in (b"", b"1", b"x" * 16, b"-" + b"1" * 15, b"1" * 17):
        assert kernel.overdue(listed(b"%d" % EDGE_US, odd), *WINDOW, templates.Template(FORGET), b"usr") is None
    for broken in (b"", b":1\r\n", listed(b"1" * 16)[:-3]):
        with pytest.raises(ValueError, match=r"^not a list of texts$"):
            kernel.overdue(broken, *WINDOW, templates.Template(FORGET), b"usr")
    for text in (b"\x01", b"\x03" * 16, b"\x02" * 4):
        with pytest.raises(ValueError, match=r"^a value does not fit its hole$"):
            kernel.overdue(listed(b"%d" % EDGE_US), *WINDOW, templates.Template(text), b"usr")


ENTRIES = st.one_of(
    st.tuples(st.sampled_from([EDGE_US, STAMP_US, STAMP_US + WINDOW_US]), st.integers(-3, 3)).map(
        lambda place: b"%d" % sum(place)
    ),
    st.just(b"7"),
    st.sampled_from([b"0" * 16, b"9" * 16]),
)


@given(entries=st.lists(ENTRIES, max_size=12))
def test_both_find_the_same(entries: list[bytes]) -> None:
    one, other = (
        kernel.overdue(listed(*entries), *WINDOW, templates.Template(FORGET), b"usr") for kernel, templates in TWINS
    )
    assert one == other
