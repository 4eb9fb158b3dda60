"""Load by wrk: as many requests as the server answers, over a fixed number of connections, tokens taken in turn."""

import shutil
import subprocess
from pathlib import Path

import msgspec

SCRIPT = Path(__file__).with_name("load.lua")
GRACE_S = 30


class CannotLoad(Exception):
    """One sentence: there is no wrk, or a server did not answer as it must."""


class Answered(msgspec.Struct, frozen=True):
    """What one run of wrk saw; `refused` are answers of status 400 and above, `failed` those that never came."""

    requests: int
    refused: int
    failed: int
    duration_us: int
    p50_us: int
    p99_us: int

    @property
    def per_s(self) -> float:
        return self.requests / self.duration_us * 1e6


def drive(
    url: str, path: str, tokens: Path | None, *, connections: int, seconds: int, start: int | None = 0
) -> Answered:
    """Loads `url`+`path` for so long, tokens taken in turn from `start` on, or by chance without one. Raises CannotLoad
    unless every answer was a good one."""
    program = shutil.which("wrk")
    if program is None:
        raise CannotLoad("Servers are measured by wrk, which is missing (Debian, as root: apt-get install wrk).")
    options = ("-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT))
    done = subprocess.run(
        [program, *options, url, "--", path, str(tokens or "-"), "any" if start is None else str(start)],
        capture_output=True,
        text=True,
        timeout=seconds + GRACE_S,
        check=False,
    )
    if done.returncode != 0:
        raise CannotLoad(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
    answered = msgspec.json.decode(done.stdout.splitlines()[-1], type=Answered)
    if answered.refused or answered.failed or not answered.requests:
        raise CannotLoad(f"{path} was not answered as it must be: {answered}")
    return answered
