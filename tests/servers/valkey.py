"""A Valkey of a test's own, to be emptied, killed, frozen and brought back."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.local.valkey import binary
from tests.servers.engines import short_folder

READY_TIMEOUT_S = 10.0


class Valkey:
    """One server on a Unix socket. It keeps what it holds over a restart only as far as `save` was asked for."""

    def __init__(self, folder: Path, options: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._options = dict(options or {})
        self._socket = folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Starts it, no more."""
        options = {"port": "0", "unixsocket": str(self._socket), "dir": str(self._folder), "save": "", **self._options}
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [str(binary()), *arguments], stdout=subprocess.DEVNULL, start_new_session=True, env={"PATH": os.defpath}
        )

    def wait(self) -> None:
        """Until it answers; while it loads what was saved it does not."""
        assert self._process is not None
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not self._answers():
            assert self._process.poll() is None, "valkey ended"
            assert time.monotonic() < deadline_s, "valkey does not answer"
            time.sleep(0.01)  # between two looks

    def kill(self) -> None:
        """As by `kill -9`, or loss of power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Killed, and started again with what was last saved."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """It accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def save(self) -> None:
        """Writes a snapshot, which later restarts begin from."""
        assert self.ask(b"SAVE\r\n").startswith(b"+OK")

    def flush(self) -> None:
        """FLUSHALL."""
        assert self.ask(b"FLUSHALL\r\n").startswith(b"+OK")

    def _answers(self) -> bool:
        try:
            return self.ask(b"PING\r\n").startswith(b"+PONG")
        except OSError:
            return False

    def ask(self, command: bytes) -> bytes:
        """The beginning of the reply to a command in one line."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(READY_TIMEOUT_S)
            connection.connect(str(self._socket))
            connection.sendall(command)
            return connection.recv(1024)


@contextmanager
def running_valkey(options: Mapping[str, str] | None = None) -> Iterator[Valkey]:
    """A running one; gone afterwards. `options` are those of its configuration file."""
    with short_folder() as folder:
        valkey = Valkey(folder, options)
        valkey.start()
        try:
            yield valkey
        finally:
            valkey.kill()
