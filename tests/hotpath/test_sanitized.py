"""The kernels have no undefined behaviour that their own tests can provoke, and one that had would be caught."""

from pathlib import Path

import pytest

from tests.hotpath.rebuilt import SANITIZED, build, run, run_tests, watched

pytestmark = pytest.mark.xdist_group("sanitized")  # one build, whoever shares the work

FAULTY = """
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from cpython.bytes cimport PyBytes_AS_STRING


def write_behind(Py_ssize_t size, Py_ssize_t place):
    cdef char* room = <char*> malloc(size)
    room[place] = 1
    free(room)


def read_behind(bytes text, Py_ssize_t place):
    return PyBytes_AS_STRING(text)[place]


def read_freed():
    cdef char* room = <char*> malloc(8)
    free(room)
    return room[0]


def add(int64_t a, int64_t b):
    return a + b


def shift(int a, int places):
    return a << places


def narrow(double value):
    return <int> value
"""

FAULTS = {
    "write_behind(8, 8)": "heap-buffer-overflow",
    "read_behind(b'x' * 100, 1000)": "heap-buffer-overflow",
    "read_freed()": "heap-use-after-free",
    "add(2**63 - 1, 1)": "signed integer overflow",
    "shift(1, 40)": "shift exponent 40 is too large",
    "narrow(1e30)": "outside the range of representable values",
}


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sanitized build, with a faulty kernel in it."""
    folder = tmp_path_factory.mktemp("sanitized")
    build(folder, SANITIZED, {"hotpath/faulty.pyx": FAULTY})
    return folder


@pytest.mark.long
@pytest.mark.timeout(1_600)
def test_the_tests_of_the_kernels_pass_under_sanitizers(sanitized: Path) -> None:
    # What a card weighs is not asked here: sanitizers put a wall around each piece of memory.
    ended = run_tests(sanitized, "-k", "not cost_little_more_than_their_bytes", **watched())

    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-8000:]
    assert " passed" in ended.stdout
    assert "Sanitizer" not in ended.stderr
    assert "runtime error" not in ended.stderr


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_would_be_reported(sanitized: Path, fault: str) -> None:
    ended = run(sanitized, "-c", f"from hotpath import faulty; faulty.{fault}; print('unnoticed')", **watched())

    assert ended.returncode != 0
    assert FAULTS[fault] in ended.stderr
    assert "unnoticed" not in ended.stdout
