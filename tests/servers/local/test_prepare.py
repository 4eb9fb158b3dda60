"""Setting up: what is missing is said in one sentence, and what is done is not done again."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.local.runs import ROOT


def prepare(purpose: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """`tools/prepare.py` where no program can be found."""
    env = {"HOME": str(tmp_path), "KINORA_CACHE": str(tmp_path), "PATH": str(tmp_path)}
    argv = [sys.executable, "-B", "tools/prepare.py", purpose]
    return subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_machine_without_a_compiler(tmp_path: Path) -> None:
    done = prepare("run", tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "This machine lacks a C compiler: install what is missing (Debian, as root: apt-get install gcc libc6-dev).\n"
    )


def test_everything_the_tests_lack_is_listed_at_once(tmp_path: Path) -> None:
    done = prepare("tests", tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "This machine lacks a C compiler, a C++ compiler, Chromium, bubblewrap, wrk: install what is missing "
        "(Debian, as root: apt-get install gcc libc6-dev g++ chromium fonts-liberation bubblewrap wrk).\n"
    )


def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "PYTHON": str(old)}
    argv = [str(ROOT / "tools" / "find-python")]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "Kinora needs Python 3.11 or newer and found Python 3.9.2: "
        "install one, or name it as in `make run PYTHON=/path/to/python3.12`.\n"
    )
