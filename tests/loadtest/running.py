"""Runs the load test in a process of its own: gevent must not get into this one."""

import subprocess
import sys
from pathlib import Path

from tests.servers.engines import own_environment
from tests.servers.local.runs import ROOT


def run(out: Path, *words: str, timeout_s: float = 120) -> tuple[int, str]:
    """The exit code, and what was said."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtest", "--out", str(out), *words],
        cwd=ROOT,
        env=own_environment(),
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    return done.returncode, done.stdout + done.stderr
