"""What the machine itself must have, and what is missing of it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
APT_TIMEOUT_S = 900


class Need(NamedTuple):
    """Something no Python package can bring: in words, and as Debian packages."""

    words: str
    packages: tuple[str, ...]
    present: bool


def needs_of_run() -> list[Need]:
    """For `make run`."""
    compiler = os.environ.get("CC") or (sysconfig.get_config_var("CC") or "cc").split()[0]
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return [
        Need("a C compiler", ("gcc", "libc6-dev"), any(map(shutil.which, (compiler, "cc")))),
        Need(f"the header files of {PYTHON} (Python.h)", (f"{PYTHON}-dev",), headers.exists()),
        Need(f"the venv module of {PYTHON}", (f"{PYTHON}-venv",), bool(find_spec("venv") and find_spec("ensurepip"))),
    ]


def needs_of_tests() -> list[Need]:
    """For `make test`, beside those of `make run`."""
    compilers = filter(None, (os.environ.get("CXX"), "c++", "g++"))
    return [
        Need("a C++ compiler", ("g++",), any(map(shutil.which, compilers))),
        Need("Chromium", ("chromium", "fonts-liberation"), shutil.which("chromium") is not None),
        Need("bubblewrap", ("bubblewrap",), shutil.which("bwrap") is not None),
        Need("wrk", ("wrk",), shutil.which("wrk") is not None),
    ]


def lacking(purpose: str) -> list[Need]:
    """What is missing for `purpose`, run or tests."""
    needs = needs_of_run() + (needs_of_tests() if purpose == "tests" else [])
    return [need for need in needs if not need.present]


def sentence(missing: list[Need]) -> str:
    """One sentence that lists them all."""
    words = ", ".join(need.words for need in missing)
    packages = " ".join(package for need in missing for package in need.packages)
    return f"This machine lacks {words}: install what is missing (Debian, as root: apt-get install {packages})."


def can_install() -> bool:
    """Whether we may install Debian packages."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(missing: list[Need]) -> None:
    """Installs them from Debian. Raises subprocess.CalledProcessError."""
    packages = [package for need in missing for package in need.packages]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        subprocess.run(
            ["apt-get", "-q", *command],
            env=env,
            check=True,
            timeout=APT_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
