"""The compiled kernels are the ones that run, the twins only on request, and a missing extension says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import hotpath
from hotpath import (
    cards,
    choice,
    clocks,
    dice,
    door,
    fanout,
    hits,
    merge,
    notes,
    order,
    overdue,
    pages,
    queue,
    readers,
    reads,
    records,
    resp,
    rows,
    seals,
    seen,
    shelf,
    sliding,
    templates,
    trending,
)

ROOT = Path(hotpath.__file__).parent.parent
EXPORTS = [
    (cards, {"put", "splice"}),
    (choice, {"Choice"}),
    (clocks, {"Ahead", "monotonic_ms", "system_ms"}),
    (dice, {"Dice"}),
    (door, {"Answer", "Door", "Fields", "fields_of"}),
    (fanout, {"encode", "pack"}),
    (hits, {"Hit", "Hits"}),
    (merge, {"merge"}),
    (notes, {"Lines", "Record", "Series"}),
    (order, {"Mark", "blend", "diversify"}),
    (overdue, {"overdue"}),
    (pages, {"page", "visible"}),
    (queue, {"Queue"}),
    (readers, {"Reader"}),
    (reads, {"Read", "Trips"}),
    (records, {"make"}),
    (resp, {"Parser"}),
    (rows, {"Rows", "optional_texts", "texts"}),
    (seals, {"Seal"}),
    (shelf, {"Entry", "Shelf"}),
    (seen, {"add", "contains", "empty", "marks", "sizes"}),
    (sliding, {"SlidingLog"}),
    (templates, {"Template"}),
    (trending, {"points", "rank_key", "score", "threshold", "top"}),
]


def _run(code: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize(("kernel", "functions"), EXPORTS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_extension_is_loaded_and_exports_its_functions(kernel: ModuleType, functions: set[str]) -> None:
    assert str(kernel.__file__).endswith(".so")
    assert all(callable(getattr(kernel, name)) for name in functions)


def test_the_environment_swaps_the_twins_in() -> None:
    answer = _run("import hotpath; print(hotpath.merge.__file__)", ROOT, KINORA_PURE="1")

    assert answer.stdout.strip() == str(ROOT / "hotpath" / "pure" / "merge.py")


def test_another_value_in_the_environment_does_not() -> None:
    answer = _run("import hotpath; print(hotpath.merge.__file__)", ROOT, KINORA_PURE="0")

    assert answer.stdout.strip().endswith(".so")


def test_a_missing_extension_is_one_clear_sentence(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "hotpath", tmp_path / "hotpath", ignore=shutil.ignore_patterns("*.so", "*.c"))

    answer = _run("import hotpath", tmp_path, KINORA_PURE="")

    assert answer.returncode == 1
    assert answer.stderr.strip().splitlines()[-1] == (
        "ImportError: the compiled kernels of hotpath are missing: run `python setup.py build_ext --inplace`, "
        "or set KINORA_PURE=1 to run on the slow pure-Python twins"
    )
