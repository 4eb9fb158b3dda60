"""Starting `kinora run` (with tiny services) as a person would, and looking at what it started."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.config import load
from app.local import orphans
from app.local.program import wait_until
from tests.servers.engines import own_environment

ROOT = Path(__file__).resolve().parents[3]
TINY = (sys.executable, "-m", "tests.servers.local.tiny")
TIMEOUT_S = 60.0


class Run:
    """One `kinora run` and what it has printed so far."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.settings = load(environ, "/")
        self.output = ""
        self.process = subprocess.Popen(
            TINY,
            env=own_environment() | environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.output += line

    def ready(self) -> "Run":
        """Waits for the line that says so."""
        self.says(f"Kinora is ready at {self.settings.public_url}\n")
        return self

    def says(self, text: str) -> None:
        """Waits until `text` has been printed."""
        assert wait_until(lambda: text in self.output or self.process.poll() is not None, TIMEOUT_S), self.output
        assert text in self.output, self.output

    def end(self, number: signal.Signals | None = None) -> int:
        """Sends the signal, if any, and waits for the end; the exit code."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)
        return code

    def pids(self, name: str) -> list[int]:
        """Living processes of one child."""
        data = self.settings.data
        if name == "postgres":
            line = (data.cluster / "postmaster.pid").read_text().splitlines()[0]
            return [pid for pid in orphans.in_folder(data.cluster, "postgres") if pid == int(line)]
        if name == "valkey":
            return orphans.in_folder(data.valkey, "valkey-server")
        mark = {"api": b"serve_forever", "worker": b"signal.pause"}[name]
        return [pid for pid in orphans.find(data) if mark in Path(f"/proc/{pid}/cmdline").read_bytes()]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Settings for a run in `folder`, on a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {"KINORA_DATA": str(folder / "data"), "KINORA_CACHE": str(folder / "cache"), "KINORA_PORT": str(port)} | more


@contextmanager
def running(environ: dict[str, str]) -> Iterator[Run]:
    """A run that is over afterwards. One that wasn't killed leaves no process."""
    run = Run(environ)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)
        if run.process.returncode == -signal.SIGKILL:
            orphans.clear(run.settings.data, time.sleep)
        assert orphans.find(run.settings.data) == []
