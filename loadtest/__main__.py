"""`python -m loadtest`: runs one shape against a Kinora of its own, or against KINORA_LOAD_URL.

Exit code 0: every target is met; 1: not; 2: it could not be run. The report lies in loadtest/reports/SHAPE.
"""

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from loadtest import stack, targets
from loadtest.rates import SHAPES, Plan
from loadtest.settings import Run

ROOT: Final = Path(__file__).resolve().parents[1]
REPORTS: Final = Path(__file__).with_name("reports")
USERS, VIDEOS = 1_000, 5_000
MORE_S: Final = 120.0  # beyond the run itself, for Locust to begin and to end
ANSWERED_S: Final = 30.0  # beyond a pace: the few requests of one turn


def main(argv: Sequence[str] | None = None) -> int:
    """Runs it; the exit code."""
    wish = _wish(argv)
    out: Path = wish.out or REPORTS / wish.shape
    out.mkdir(parents=True, exist_ok=True)
    tokens: Path | None = wish.tokens
    plan = Plan(wish.shape, wish.rate, wish.seconds, wish.pace)
    run = Run(plan, out.resolve(), tokens.resolve() if tokens else None, uploads=wish.uploads, targets=wish.targets)
    if wish.url:
        return _locust(run, wish.url)
    try:
        with stack.running(wish.users, wish.videos) as own:
            return _locust(Run(plan, run.out, own.tokens, uploads=wish.uploads, targets=wish.targets), own.url)
    except (stack.NotReadyError, subprocess.SubprocessError) as error:
        print(f"No Kinora to run against: {error}", file=sys.stderr)
        return 2


def _wish(argv: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for; an option that would do nothing is refused."""
    parser = _parser()
    wish = parser.parse_args(argv)
    if not wish.url and wish.tokens is not None:
        parser.error("--tokens comes with --url: without it a Kinora of its own is seeded, tokens included")
    for name, usual in (("users", USERS), ("videos", VIDEOS)):
        if getattr(wish, name) is None:
            setattr(wish, name, usual)
        elif wish.url:
            parser.error(f"--{name} comes without --url or KINORA_LOAD_URL: what runs already is not seeded")
    return wish


def _locust(run: Run, url: str) -> int:
    """Runs Locust headless; whatever ends it, no failed request alone decides the exit code."""
    words = ["-m", "locust", "-f", str(ROOT / "loadtest" / "locustfile.py"), "--headless", "--host", url]
    words += ["--html", str(run.out / "report.html"), "--exit-code-on-error", "0", "--loglevel", "WARNING"]
    # An answer under way at the end counts as any other.
    words += ["--stop-timeout", str(math.ceil(run.plan.pace_s + ANSWERED_S))]
    if not sys.stdout.isatty():
        words.append("--only-summary")
    environ = os.environ | run.environ() | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environ, timeout=run.plan.seconds + MORE_S)
    print(f"Report: {run.out / 'report.html'}")
    return done.returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadtest", description="Load against the documented latency targets.")
    parser.add_argument("--shape", choices=SHAPES, default="steady")
    parser.add_argument("--rate", type=float, default=25.0, help="the crowd's requests a second")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--pace", type=float, default=4.0, help="seconds between two requests of one person")
    parser.add_argument("--uploads", type=float, default=20.0, help="times the documented one in 4,000 views")
    parser.add_argument("--users", type=int, help=f"people of the seeded data set; default: {USERS}")
    parser.add_argument("--videos", type=int, help=f"its videos; default: {VIDEOS}")
    parser.add_argument("--url", default=os.environ.get("KINORA_LOAD_URL"), help="a Kinora that runs already")
    parser.add_argument("--tokens", type=Path, help="tokens of its people, one a line; else people are registered")
    parser.add_argument("--targets", type=Path, default=targets.FILE)
    parser.add_argument("--out", type=Path, help="folder of the report")
    return parser


if __name__ == "__main__":
    sys.exit(main())
