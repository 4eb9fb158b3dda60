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
COMMAND_S: Final = 60.0
TOKEN_TTL_S: Final = 6 * 3600
TIERS: Final = (100, 250)  # so that a run's few hundred follows carry a creator over both
WIDE: Final = str(1_000_000)  # requests are counted as ever, and admitted


class Stack(msgspec.Struct, frozen=True):
    """Where it is, a file with a token of each of its people, and its settings, as variables of an environment."""

    url: str
    tokens: Path
    settings: dict[str, str]

    def command(self, *words: str) -> str:
        """What `kinora` with these words says beside it. Raises CalledProcessError, TimeoutExpired."""
        said = subprocess.run(
            [sys.executable, "-m", "app", *words],
            cwd=ROOT,
            env=_without_settings() | self.settings,
            check=True,
            timeout=COMMAND_S,
            stdout=subprocess.PIPE,
            text=True,
        )
        return said.stdout


class NotReadyError(Exception):
    """It did not come up; with what it said last."""


@contextmanager
def running(users: int, videos: int, tiers: tuple[int, int] = TIERS) -> Iterator[Stack]:
    """Up and seeded; stopped afterwards, and nothing of it is left. `tiers` are the two limits of fan-out, in
    followers."""
    with tempfile.TemporaryDirectory(prefix="kinora-load-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's user must get through to its own folder
        settings = _settings(folder, tiers)
        environ = _without_settings() | settings
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
            yield Stack(f"http://127.0.0.1:{settings['KINORA_PORT']}", tokens, settings)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=STOPPED_S)


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("KINORA_")}


def _settings(folder: Path, tiers: tuple[int, int]) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    limits = ("UPLOADS_PER_HOUR", "FEEDS_PER_MINUTE", "LIKES_PER_HOUR", "COMMENTS_PER_MINUTE", "REQUESTS_PER_MINUTE")
    return {f"KINORA_{name}": WIDE for name in limits} | {
        "KINORA_DATA": str(folder / "data"),
        "KINORA_PORT": str(port),
        "KINORA_ACCESS_TTL_MAX_S": str(TOKEN_TTL_S),
        "KINORA_TIER_SELECTIVE_AT": str(tiers[0]),
        "KINORA_TIER_PULL_AT": str(tiers[1]),
    }


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
