"""Signals as something to wait for, not handlers that interrupt: one thread, no races.

While `Signals` is entered the four signals below are blocked and `pause` takes them one by one. Children start with an
empty mask again (launch.py).
"""

import signal
from types import TracebackType

from app.local.errors import StopRequested

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TAKEN = (*STOP, signal.SIGCHLD)


class Signals:
    """Enter in the main thread, before the first child is started."""

    def __enter__(self) -> "Signals":
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, TAKEN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while signal.sigtimedwait(TAKEN, 0) is not None:
            pass  # a second Ctrl-C, and our children's deaths: all done with
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def pause(self, seconds: float) -> None:
        """Waits up to `seconds`, less when a child ends. Raises StopRequested on a stop signal."""
        taken = signal.sigtimedwait(TAKEN, seconds)
        if taken is not None and taken.si_signo in STOP:
            raise StopRequested
