"""`kinora run`: starts everything in order, keeps it alive, stops it in reverse.

A child that dies is started again (`kept`); when that is hopeless all is stopped and the reason said. One thread, one
loop, no imports of the application: the supervisor stays small.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from app.core.config import Settings
from app.local import orphans, programs
from app.local.errors import LocalError, StopRequested
from app.local.folder import claim, reason
from app.local.kept import Kept, Say
from app.local.logfile import LogFile
from app.local.ports import ensure_free
from app.local.program import Child, Program, wait_until
from app.local.signals import Signals

START_TIMEOUT_S = 120.0  # PostgreSQL may have to replay its log first
MIGRATE_TIMEOUT_S = 3600.0
TICK_S = 0.25
CUT_LOGS_EVERY_S = 60.0

Services = Callable[[Settings, Mapping[str, str]], Sequence[Program]]


class Supervisor:
    """The children of one `kinora run`."""

    def __init__(self, settings: Settings, pause: Callable[[float], None], say: Say) -> None:
        self._settings, self._pause, self._say = settings, pause, say
        self._kept: list[Kept] = []

    def start(self, wanted: Sequence[Program]) -> None:
        """Starts them together and waits until all are ready."""
        for program in wanted:
            self._kept.append(Kept(program, self._log(program)))
        deadline = time.monotonic() + START_TIMEOUT_S
        while waiting := [kept for kept in self._kept if not kept.child.ready()]:
            if time.monotonic() > deadline:
                late = waiting[0]
                raise LocalError(f"{late.program.name} was not ready in {START_TIMEOUT_S:.0f} s; {late.last_words()}")
            self._tend()
            self._pause(0.02)

    def complete(self, program: Program) -> None:
        """Runs it to its end. Raises LocalError when that isn't success."""
        log = self._log(program)
        child = Child(program, log)
        try:
            if not wait_until(lambda: not child.alive(), MIGRATE_TIMEOUT_S, self._pause):
                raise LocalError(f"{program.name} did not end in {MIGRATE_TIMEOUT_S:.0f} s; see {log.path}.")
        finally:
            child.stop()
        if child.how_it_ended() != "exit code 0":
            raise LocalError(f"{program.name} failed: {log.tail(1) or child.how_it_ended()}")

    def watch(self) -> None:
        """Keeps the children alive until StopRequested, or LocalError when that is hopeless."""
        cut_at = time.monotonic() + CUT_LOGS_EVERY_S
        while True:
            self._tend()
            self._pause(TICK_S)
            if time.monotonic() >= cut_at:
                cut_at += CUT_LOGS_EVERY_S
                for kept in self._kept:
                    kept.log.cut()

    def stop(self) -> None:
        """Stops all in the reverse order of their start, whatever state they are in."""
        while self._kept:
            self._kept.pop().child.stop()

    def _tend(self) -> None:
        grounded = True  # each stands on those started before it
        for kept in self._kept:
            kept.tend(self._say, grounded)
            grounded = grounded and kept.is_back

    def _log(self, program: Program) -> LogFile:
        return LogFile(self._settings.data.logs, program.name)


def run(settings: Settings, environ: Mapping[str, str] = os.environ, services: Services = programs.services) -> int:
    """Runs Kinora until it is told to stop; the exit code of the command. Errors are printed, one sentence each."""
    with Signals() as signals:
        try:
            with claim(settings.data):
                _run_claimed(settings, environ, services, signals.pause)
        except LocalError as error:
            print(error, file=sys.stderr, flush=True)
            return 1
        except OSError as error:
            print(f"Kinora can't go on: {reason(error)} ({error.filename}).", file=sys.stderr, flush=True)
            return 1
    return 0


def _run_claimed(
    settings: Settings, environ: Mapping[str, str], services: Services, pause: Callable[[float], None]
) -> None:
    supervisor = Supervisor(settings, pause, _say)
    try:
        orphans.clear(settings.data, pause)
        ensure_free(settings.host, settings.port)
        if settings.edge_port:
            ensure_free(settings.host, settings.edge_port, "KINORA_EDGE_PORT")
        _say("[1/3] Making the servers ready…")
        supervisor.start(programs.servers(settings, pause))
        _say("[2/3] Bringing the database schema up to date…")
        supervisor.complete(programs.migration(settings, environ))
        _say("[3/3] Starting the worker and the API…")
        supervisor.start(services(settings, environ))
        _say(f"Kinora is ready at {settings.public_url}")
        supervisor.watch()
    except StopRequested:
        _say("Stopping…")
    finally:
        supervisor.stop()
    _say("Kinora has stopped.")


def _say(line: str) -> None:
    print(line, flush=True)
