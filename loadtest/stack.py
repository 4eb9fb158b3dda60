"""A Kinora of its own to run against: `kinora run` in a new folder, with a seeded data set and wide limits."""

import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).resolve().parents[1]
READY_S: Final = 120.0
SEEDED_S: Final = 600.0
STOPPED_S: Final = 60.0
TOKEN_TTL_S: Final = 6 * 3600
WIDE: Final = str(1_000_000)  # requests are counted as ever, and admitted


class Stack(msgspec.Struct, frozen=True):
    """Where it is, and a file with a token of each of its people."""

    url: str
    tokens: Path


class NotReadyError(Exception):
    """It did not come up; with what it said last."""


@contextmanager
def running(users: int, videos: int) -> Iterator[Stack]:
    """Up and seeded; stopped afterwards, and nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="kinora-load-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's user must get through to its own folder
        environ = _environ(folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "run"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(process)
            tokens = folder / "tokens"
            _seed(environ, users, videos, tokens)
            yield Stack(f"http://127.0.0.1:{environ['KINORA_PORT']}", tokens)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOPPED_S)


def _environ(folder: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("KINORA_")}
    limits = ("UPLOADS_PER_HOUR", "FEEDS_PER_MINUTE", "LIKES_PER_HOUR", "COMMENTS_PER_MINUTE", "REQUESTS_PER_MINUTE")
    return (
        own
        | {f"KINORA_{name}": WIDE for name in limits}
        | {
            "KINORA_DATA": str(folder / "data"),
            "KINORA_PORT": str(port),
            "KINORA_ACCESS_TTL_MAX_S": str(TOKEN_TTL_S),
            "KINORA_TIER_SELECTIVE_AT": "100",  # so that a run's few hundred follows carry a creator over both limits
            "KINORA_TIER_PULL_AT": "250",
        }
    )


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Returns at the line that says it is ready. Raises NotReadyError."""
    output = process.stdout
    if output is None:
        raise NotReadyError("its output can't be read")
    said = b""
    deadline_s = time.monotonic() + READY_S
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while b"Kinora is ready at" not in said:
            if not selector.select(max(0.0, deadline_s - time.monotonic())):
                raise NotReadyError(said.decode(errors="replace"))
            more = os.read(output.fileno(), 65_536)
            if not more:
                raise NotReadyError(said.decode(errors="replace"))
            said += more


def _seed(environ: dict[str, str], users: int, videos: int, tokens: Path) -> None:
    words = ["seed", "--feeds", "--users", str(users), "--videos", str(videos)]
    words += ["--tokens", str(tokens), "--token-ttl", str(TOKEN_TTL_S)]
    subprocess.run([sys.executable, "-m", "app", *words], cwd=ROOT, env=environ, check=True, timeout=SEEDED_S)
