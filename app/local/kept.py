"""A program that is kept running: started again after each death, later each time, until that is hopeless.

Five deaths in a minute are: then its last words are shown and the whole stops.
"""

import time
from collections import deque
from collections.abc import Callable

from app.local.errors import LocalError
from app.local.logfile import LogFile
from app.local.program import Child, Program

MAX_DEATHS = 5
DEATHS_WINDOW_S = 60.0
BACKOFF_S = (0.1, 0.5, 1.0, 2.0)  # before the 1st, 2nd … restart within the window
TAIL_LINES = 12

Say = Callable[[str], None]


class Kept:
    """A program that is kept running, and the times of its recent deaths."""

    def __init__(self, program: Program, log: LogFile) -> None:
        self.program, self.log = program, log
        self.child = Child(program, log)
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._restart_at: float | None = None  # while it is dead
        self.is_back = True  # False from a death until it is ready again

    def tend(self, say: Say, grounded: bool) -> None:
        """Notices a death, and starts the program again when it is time. Raises LocalError at the fifth death.

        Not `grounded`, something it stands on is down: then it is not started, and dying is no fault of its own.
        """
        if self._restart_at is not None:
            if grounded and time.monotonic() >= self._restart_at:
                self._restart_at = None
                self.child = Child(self.program, self.log)
        elif not self.child.alive():
            self._mourn(say, grounded)
        elif not self.is_back and self.child.ready():
            self.is_back = True
            say(f"{self.program.name} is back.")

    def _mourn(self, say: Say, grounded: bool) -> None:
        name, how, now = self.program.name, self.child.how_it_ended(), time.monotonic()
        self.child.kill_group()
        if grounded:
            self._deaths.append(now)
        recent = sum(now - death < DEATHS_WINDOW_S for death in self._deaths)
        if recent >= MAX_DEATHS:
            raise LocalError(
                f"{name} ended {recent} times within {DEATHS_WINDOW_S:.0f} s (last: {how}); {self.last_words()}"
            )
        say(f"{name} ended ({how}); starting it again.")
        self.is_back = False
        self._restart_at = now + BACKOFF_S[max(recent - 1, 0)]

    def last_words(self) -> str:
        return f"its log {self.log.path} ends with:\n{self.log.tail(TAIL_LINES)}"
