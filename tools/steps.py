"""Steps that are done once and again only when what they are made from has changed, with a progress bar.

A step's stamp holds a hash of its sources, written after it succeeded: an interrupted step is done again.
"""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
BAR = 30  # characters
COMMAND_TIMEOUT_S = 1800
FIRST_LINES, LAST_LINES = 12, 18  # of a failed command's output: npm says why at the top, compilers at the end


class StepFailed(Exception):
    """One sentence, then what the failed command said."""


class Step(NamedTuple):
    """`title` for people, `typical_s` for the bar, `digest` of the sources, and the work."""

    title: str
    typical_s: float
    digest: str
    work: Callable[[], None]
    made: tuple[Path, ...] = ()  # files without which it is not done, whatever the stamp says


def digest(files: Iterable[Path], *more: str) -> str:
    """A hash of names and contents."""
    state = hashlib.sha256("\0".join(more).encode())
    for file in sorted(files):
        state.update(f"\0{file}\0".encode() + file.read_bytes())
    return state.hexdigest()


def perform(steps: Sequence[Step], stamps: Path) -> None:
    """Does the steps that are due, in order. Raises StepFailed."""
    due = [step for step in steps if not _is_done(step, stamps)]
    total_s = sum(step.typical_s for step in due)
    before_s = 0.0
    for step in due:
        with Bar(step.title, before_s / total_s, (before_s + step.typical_s) / total_s, step.typical_s):
            step.work()
        stamps.mkdir(parents=True, exist_ok=True)
        _stamp(step, stamps).write_text(step.digest)
        before_s += step.typical_s


def command(argv: Sequence[str], what: str, env: dict[str, str] | None = None) -> None:
    """Runs `argv` in the checkout, silently. Raises StepFailed with `what` and its output."""
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stdout.rstrip().splitlines()
        if len(lines) > FIRST_LINES + LAST_LINES:
            lines[FIRST_LINES:-LAST_LINES] = ["…"]
        raise StepFailed("\n".join([f"{what}: exit code {done.returncode}.", *lines]))


def _stamp(step: Step, stamps: Path) -> Path:
    return stamps / step.title.lower().replace(" ", "-")


def _is_done(step: Step, stamps: Path) -> bool:
    stamp = _stamp(step, stamps)
    return stamp.exists() and stamp.read_text() == step.digest and all(path.exists() for path in step.made)


class Bar:
    """A bar that moves from `start` to `end` (0–1) while a step of about `typical_s` runs; a plain line in a log."""

    def __init__(self, title: str, start: float, end: float, typical_s: float) -> None:
        self._title, self._start, self._end, self._typical_s = title, start, end, typical_s
        self._over = threading.Event()
        self._drawer = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> None:
        self._began = time.monotonic()
        if sys.stdout.isatty():
            self._drawer.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        took = f"{time.monotonic() - self._began:.1f} s"
        self._over.set()
        if sys.stdout.isatty():
            self._drawer.join()
            print("\r\033[K", end="")
        print(f"{self._title}: {'failed after' if kind else 'done in'} {took}", flush=True)

    def _draw(self) -> None:
        while not self._over.wait(0.2):
            # It slows down towards the end of the step instead of standing still there.
            elapsed = (time.monotonic() - self._began) / self._typical_s
            share = self._start + (self._end - self._start) * elapsed / (1 + elapsed)
            filled = round(BAR * share)
            print(f"\r\033[K[{'█' * filled}{'░' * (BAR - filled)}] {share:4.0%}  {self._title}", end="", flush=True)
