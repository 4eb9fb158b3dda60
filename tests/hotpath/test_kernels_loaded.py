"""The compiled kernels are the ones that run, the twins only on request, and a missing extension says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import hotpath

ROOT = Path(hotpath.__file__).parent.parent
EXPORTS = {
    "cards": {"put", "splice"},
    "choice": {"Choice", "categories"},
    "clocks": {"Ahead", "monotonic_ms", "system_ms"},
    "dice": {"Dice"},
    "door": {"Answer", "Door", "Fields", "fields_of"},
    "fanout": {"encode", "pack", "pack_all"},
    "hits": {"Hit", "Hits"},
    "merge": {"merge"},
    "notes": {"Lines", "Record", "Series"},
    "order": {"Mark", "blend", "diversify"},
    "overdue": {"overdue"},
    "pages": {"page", "visible"},
    "queue": {"Queue"},
    "readers": {"Reader"},
    "reads": {"Read", "Trips"},
    "records": {"make"},
    "resp": {"Parser", "first_error"},
    "rows": {"Rows", "optional_texts", "texts"},
    "seals": {"Seal"},
    "seen": {"add", "contains", "empty", "marks", "sizes"},
    "shelf": {"Entry", "Shelf"},
    "sliding": {"SlidingLog"},
    "templates": {"Template"},
    "trending": {"rank_key", "score", "threshold", "top"},
}


def _run(code: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, timeout=30
    )


def test_the_extensions_are_loaded_and_export_their_functions() -> None:
    code = "import hotpath; print(*(vars(hotpath)[name].__file__ for name in hotpath.__all__), sep='\\n')"

    files = _run(code, ROOT, KINORA_PURE="").stdout.split()

    assert [Path(file).name.partition(".")[0] for file in files] == hotpath.__all__ == [*EXPORTS]
    assert all(file.endswith(".so") for file in files)
    for name, functions in EXPORTS.items():
        assert all(callable(getattr(vars(hotpath)[name], function)) for function in functions), name


def test_the_environment_swaps_the_twins_in() -> None:
    answer = _run("import hotpath; print(hotpath.merge.__file__)", ROOT, KINORA_PURE="1")

    assert answer.stdout.strip() == str(ROOT / "hotpath" / "pure" / "merge.py")


def test_a_twin_is_found_under_the_name_of_its_kernel_too() -> None:
    code = "import hotpath.{0}, hotpath.pure.{0}; assert hotpath.{0} is hotpath.pure.{0} is hotpath.__dict__['{0}']"

    answer = _run("\n".join(code.format(name) for name in hotpath.__all__), ROOT, KINORA_PURE="1")

    assert answer.returncode == 0, answer.stderr


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
