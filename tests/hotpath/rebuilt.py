"""A copy of the kernels and their tests, compiled in another way: with sanitizers for addresses (ASan) and undefined
behaviour (UBSan), or with Cython's own checks."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD_TIMEOUT_S = 600
RUN_TIMEOUT_S = 900
SANITIZED = {"KINORA_SANITIZE": "1", "KINORA_CYTHON_DEBUG": "", "CC": "gcc"}
CHECKED = {"KINORA_SANITIZE": "", "KINORA_CYTHON_DEBUG": "1"}


def build(folder: Path, how: Mapping[str, str], extra: Mapping[str, str]) -> None:
    """Builds the kernels, and these beside them (file names and their text), in an empty folder."""
    shutil.copytree(ROOT / "hotpath", folder / "hotpath", ignore=shutil.ignore_patterns("*.so", "*.c", "__pycache__"))
    shutil.copytree(
        ROOT / "tests" / "hotpath", folder / "tests" / "hotpath", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "setup.py", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in extra.items():
        (folder / name).write_text(text)
    built = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace", "--parallel", "2"],
        cwd=folder,
        env={**os.environ, **how},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
    )
    assert built.returncode == 0, built.stderr[-4000:]


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Python in that folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "KINORA_PURE": "", **environ},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
    )


def run_tests(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The kernels' tests in that folder, but for the long ones, on two cores."""
    names = sorted(str(path.relative_to(folder)) for path in (folder / "tests" / "hotpath").glob("test_kernel_*.py"))
    assert len(names) >= 8
    words = ("-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "-m", "not long")
    return run(folder, *words, *arguments, *names, **environ)


def watched() -> dict[str, str]:
    """The environment of a sanitized build: the first report of a sanitizer ends a process with an exit code not 0."""
    libraries = [_library("libasan.so"), _library("libubsan.so")]
    return {
        "LD_PRELOAD": ":".join(libraries),
        "PYTHONMALLOC": "malloc",  # CPython's own allocator would hide where an object ends
        "ASAN_OPTIONS": "detect_leaks=0",  # CPython frees not everything at its end
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def _library(name: str) -> str:
    return subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
