"""The kernels pass their own tests with Cython's checks too, which say where an index, a None or a sum goes wrong."""

from pathlib import Path

import pytest

from tests.hotpath.rebuilt import CHECKED, build, run, run_tests

pytestmark = pytest.mark.xdist_group("checked")  # one build, whoever shares the work

FAULTY = """
from libc.stdint cimport int64_t


cdef class Card:
    cdef int64_t size


def read_behind(const unsigned char[::1] column, Py_ssize_t place):
    return column[place]


def read_none(Card card):
    return card.size


def add(int64_t a, int64_t b):
    return a + b
"""

FAULTS = {
    "read_behind(b'x' * 100, 100)": "IndexError",
    "read_none(None)": "AttributeError",
    "add(2**63 - 1, 1)": "OverflowError",
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build with checks, with a faulty kernel in it."""
    folder = tmp_path_factory.mktemp("checked")
    build(folder, CHECKED, {"hotpath/faulty.pyx": FAULTY})
    return folder


@pytest.mark.long
@pytest.mark.timeout(1_600)
def test_the_tests_of_the_kernels_pass_with_checks(checked: Path) -> None:
    ended = run_tests(checked)

    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-8000:]
    assert " passed" in ended.stdout
    assert "Error" not in ended.stderr  # of a function that can raise nothing: it is only told of


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_would_be_raised(checked: Path, fault: str) -> None:
    ended = run(checked, "-c", f"from hotpath import faulty; faulty.{fault}; print('unnoticed')")

    assert f"\n{FAULTS[fault]}: " in ended.stderr
    assert ended.stdout == ""
