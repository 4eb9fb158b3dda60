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
EDGE_US = 1_800_000_000_000_000


def listed(*texts: bytes) -> bytes:
    return b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%b\r\n" % (len(text), text) for text in texts)


@both
def test_what_is_not_later_than_the_edge_is_forgotten(kernel: ModuleType, templates: ModuleType) -> None:
    forget = templates.Template(FORGET)
    young, edge, old = (b"%d" % (EDGE_US + late_us) for late_us in (1, 0, -5))

    assert kernel.overdue(listed(young, edge, old), EDGE_US, forget, b"usr") == (
        2,
        b"LREM usr %b;LREM usr %b;" % (edge, old),
    )
    assert kernel.overdue(listed(young, young), EDGE_US, forget, b"usr") == (0, b"")
    assert kernel.overdue(listed(old, young), EDGE_US, forget, b"usr") == (0, b"")  # the last one says it for all
    assert kernel.overdue(listed(), EDGE_US, forget, b"usr") == (0, b"")


@both
def test_what_is_no_time_is_said(kernel: ModuleType, templates: ModuleType) -> None:
    for odd in (b"", b"1", b"x" * 16, b"-" + b"1" * 15, b"1" * 17):
        assert kernel.overdue(listed(b"%d" % EDGE_US, odd), EDGE_US, templates.Template(FORGET), b"usr") is None
    for broken in (b"", b":1\r\n", listed(b"1" * 16)[:-3]):
        with pytest.raises(ValueError, match=r"^not a list of texts$"):
            kernel.overdue(broken, EDGE_US, templates.Template(FORGET), b"usr")
    for text in (b"\x01", b"\x03" * 16, b"\x02" * 4):
        with pytest.raises(ValueError, match=r"^a value does not fit its hole$"):
            kernel.overdue(listed(b"%d" % EDGE_US), EDGE_US, templates.Template(text), b"usr")


ENTRIES = st.one_of(
    st.integers(EDGE_US - 3, EDGE_US + 3).map(lambda at_us: b"%d" % at_us), st.just(b"7"), st.just(b"0" * 16)
)


@given(entries=st.lists(ENTRIES, max_size=12))
def test_both_find_the_same(entries: list[bytes]) -> None:
    one, other = (
        kernel.overdue(listed(*entries), EDGE_US, templates.Template(FORGET), b"usr") for kernel, templates in TWINS
    )
    assert one == other
