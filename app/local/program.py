"""A program under supervision: what to run, how to tell that it is ready, how to stop it; and one run of it.

Everything started here carries SUPERVISED=<data folder> in its environment, so that what a killed supervisor left
behind can be found (`orphans`), and dies with its parent (`launch`).
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from app.local.identity import Identity
from app.local.logfile import LogFile

SUPERVISED = "KINORA_SUPERVISED"
ABORT_TIMEOUT_S = 5.0


def _nothing() -> None:
    return None


def _always(pid: int) -> bool:
    return True


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One program. `prepare` runs before every start; `ready` is asked with the pid until it says yes."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    identity: Identity
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 20.0
    abort_signal: signal.Signals = signal.SIGKILL  # after that
    prepare: Callable[[], None] = _nothing
    ready: Callable[[int], bool] = _always


class Child:
    """One run of a program, its output appended to its log. It leads a session, out of reach of Ctrl-C."""

    def __init__(self, program: Program, log: LogFile) -> None:
        self.program = program
        program.prepare()
        with log.open() as output:
            self._process = subprocess.Popen(
                program.identity.command(program.argv, program.stop_signal),
                env=dict(program.env),
                cwd=program.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def ready(self) -> bool:
        return self.alive() and self.program.ready(self.pid)

    def how_it_ended(self) -> str:
        """`exit code 3` or `SIGKILL`; only once it is dead."""
        code = self._process.returncode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def stop(self) -> None:
        """Asks it to end, then makes it; returns when neither it nor anything in its group is left."""
        program = self.program
        for number, timeout_s in (
            (program.stop_signal, program.stop_timeout_s),
            (program.abort_signal, ABORT_TIMEOUT_S),
            (signal.SIGKILL, ABORT_TIMEOUT_S),
        ):
            if self.alive():
                self._process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout_s)
        self.kill_group()

    def kill_group(self) -> None:
        """Ends what the dead program left running: a server's worker processes, a tool it had called."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # the usual case: nothing is left


def wait_until(condition: Callable[[], bool], timeout_s: float, pause: Callable[[float], None] = time.sleep) -> bool:
    """Asks `condition` every 20 ms until it holds; False when `timeout_s` has passed."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause(0.02)
    return True
