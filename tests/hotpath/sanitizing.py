"""A copy of the kernels and their tests, compiled with sanitizers: address (ASan) and undefined behaviour (UBSan)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD_TIMEOUT_S = 600
RUN_TIMEOUT_S = 900


def build(folder: Path, extra: dict[str, str]) -> None:
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
        env={**os.environ, "KINORA_SANITIZE": "1", "CC": "gcc"},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
    )
    assert built.returncode == 0, built.stderr[-4000:]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in that folder; the first report of a sanitizer ends it with an exit code other than 0."""
    libraries = [_library("libasan.so"), _library("libubsan.so")]
    settings = {
        "LD_PRELOAD": ":".join(libraries),
        "PYTHONMALLOC": "malloc",  # CPython's own allocator would hide where an object ends
        "ASAN_OPTIONS": "detect_leaks=0",  # CPython frees not everything at its end
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "KINORA_PURE": "",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
    )


def _library(name: str) -> str:
    return subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
