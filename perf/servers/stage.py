"""Where servers are measured: the embedded PostgreSQL and Valkey with a seeded community, and granian beside them.

Everything lies in a folder of its own below /tmp and is gone afterwards. Limits are raised by setting; their commands
are still paid for. A server once started stays up: idle, it costs nothing.
"""

import argparse
import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import hiredis
import msgspec

from app.adapters.files.secrets import KeyFolder
from app.adapters.redis.client import Command, Word
from app.core.clock import system_ms
from app.core.config import Settings, load
from app.core.tokens import Tokens
from app.local import programs
from app.local.folder import claim
from app.local.logfile import LogFile
from app.local.program import Child, Program, wait_until
from app.local.supervisor import Supervisor
from app.seed import seed
from perf.servers.load import CannotLoad
from perf.servers.machine import cores, stand_aside

PUBLIC_URL: Final = "http://kinora.test"  # who issues the tokens; nobody asks it anything
TTL_S: Final = 6 * 3600
USERS, VIDEOS = 1_000, 5_000  # of the gate
READY_S: Final = 30.0
AT_ONCE: Final = 100  # commands: far from what a socket holds unread
ENVIRONMENT: Final = {
    "KINORA_PUBLIC_URL": PUBLIC_URL,
    "KINORA_ACCESS_TTL_MAX_S": str(TTL_S),
    "KINORA_FEEDS_PER_MINUTE": "1000000",
    "KINORA_REQUESTS_PER_MINUTE": "1000000",
}


class Server:
    """One running server."""

    def __init__(self, child: Child, url: str) -> None:
        self.pid = child.pid
        self.url = url
        self._child = child

    def stop(self) -> None:
        self._child.stop()

    def get(self, path: str, token: str | None = None) -> bytes:
        """The body of a good answer."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=READY_S) as answer:
            body: bytes = answer.read()
        return body


class Stage:
    """Engines, data and servers."""

    def __init__(self, folder: Path, settings: Settings, environ: Mapping[str, str], core: int) -> None:
        self.folder = folder
        self.settings = settings
        self.environ = environ
        self.tokens = folder / "tokens"
        self._core = core
        self.kept: dict[object, object] = {}  # what several figures share; emptied where all are measured anew
        self._servers: dict[str, Server] = {}

    @contextmanager
    def as_server(self) -> Iterator[None]:
        """This process has the servers' core meanwhile: for what is measured within it."""
        before = os.sched_getaffinity(0)
        stand_aside(self._core)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def server(self, kind: str, name: str = "", **environ: str) -> Server:
        """The server of this kind (a factory of `perf.servers.apps`), started if there is none of that name."""
        name = name or kind
        if name not in self._servers:
            self._servers[name] = self._start(kind, name, environ)
        return self._servers[name]

    def edge(self, name: str, behind: Server, **environ: str) -> Server:
        """The process in front (`perf.servers.edge`) of a server, started if there is none of that name."""
        if name not in self._servers:
            port = behind.url.rpartition(":")[2]
            more = {"KINORA_PORT": port, "KINORA_EDGE_PORT": str(_free_port()), **environ}
            settings = load({**self.environ, **more}, "/")
            program = programs.edge(settings, {**self.environ, **more})
            url = f"http://127.0.0.1:{settings.edge_port}"
            self._servers[name] = self._launch(program, name, url, (sys.executable, "-m", "perf.servers.edge"))
        return self._servers[name]

    def stop(self, name: str) -> None:
        """Stops one server, for good."""
        self._servers.pop(name).stop()

    def stop_all(self) -> None:
        for name in list(self._servers):
            self.stop(name)

    def token(self, place: int = 0) -> str:
        """The token of one of the people."""
        return self.people()[place]

    def people(self) -> list[str]:
        """The tokens of all."""
        return self.tokens.read_text().split()

    def keys(self) -> KeyFolder:
        """The keys that signed the tokens."""
        return KeyFolder(self.settings.data.secrets / "keys")

    def user_ids(self, count: int) -> list[str]:
        """Whose tokens the first so many are."""
        tokens, now_ms = Tokens(self.keys(), PUBLIC_URL, TTL_S), system_ms()
        return [tokens.verify(token, now_ms).user_id for token in self.people()[:count]]

    def keys_like(self, pattern: str) -> list[bytes]:
        """The keys that match."""
        found = self.redis("KEYS", pattern)
        assert isinstance(found, list)
        return sorted(found)

    def redis(self, *command: Word) -> object:
        """One command to Valkey, outside any measurement."""
        return self.redis_many([command])[0]

    def redis_many(self, commands: Sequence[Command]) -> list[object]:
        """Many, on one connection. Raises the first error among the replies."""
        reader = hiredis.Reader()
        replies: list[object] = []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(READY_S)
            connection.connect(str(self.settings.data.valkey_socket))
            for start in range(0, len(commands), AT_ONCE):
                batch = commands[start : start + AT_ONCE]
                packed = (hiredis.pack_command(command) for command in batch)  # type: ignore[arg-type]
                connection.sendall(b"".join(packed))
                while len(replies) < start + len(batch):
                    if (reply := reader.gets()) is False:
                        reader.feed(connection.recv(65_536))
                        continue
                    if isinstance(reply, hiredis.ReplyError):
                        raise reply
                    replies.append(reply)
        return replies

    def redis_cpu_s(self) -> float:
        """CPU seconds that Valkey has used."""
        info = self.redis("INFO", "cpu")
        assert isinstance(info, bytes)
        fields = dict(line.split(":") for line in info.decode().splitlines() if ":" in line)
        return float(fields["used_cpu_sys"]) + float(fields["used_cpu_user"])

    def _start(self, kind: str, name: str, environ: Mapping[str, str]) -> Server:
        port = _free_port()
        environment = {**self.environ, "KINORA_PORT": str(port), **environ}
        program = programs.api(load(environment, "/"), environment)
        argv = (*program.argv[:-1], f"perf.servers.apps:{kind}")
        return self._launch(program, name, f"http://127.0.0.1:{port}", argv)

    def _launch(self, program: Program, name: str, url: str, argv: tuple[str, ...]) -> Server:
        metrics = self.folder / f"metrics-{name}"
        metrics.mkdir()
        env = {**program.env, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
        log = LogFile(self.settings.data.logs, f"perf-{name}")
        argv = ("taskset", "--cpu-list", str(self._core), *argv)
        child = Child(msgspec.structs.replace(program, name=name, argv=argv, env=env), log)
        wait_until(lambda: program.ready(child.pid) or not child.alive(), READY_S)
        if not child.ready():
            child.stop()
            raise CannotLoad(f"The server {name} did not start: {log.tail(3)}")
        return Server(child, url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def stage(users: int, videos: int) -> Iterator[Stage]:
    """A stage with a community of that size. This process keeps to the other core meanwhile. Raises TooFewCores."""
    everywhere = os.sched_getaffinity(0)
    of_servers, of_others = cores()
    folder = Path(tempfile.mkdtemp(prefix="kinora-perf-", dir="/tmp"))
    folder.chmod(0o711)  # PostgreSQL runs as nobody
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KINORA_")}
    environ |= {**ENVIRONMENT, "KINORA_DATA": str(folder / "data"), "KINORA_CACHE": str(folder / "cache")}
    settings = load(environ, "/")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.callback(os.sched_setaffinity, 0, everywhere)
        stand_aside(of_others)
        stack.enter_context(claim(settings.data))
        engines = Supervisor(settings, time.sleep, print)
        stack.callback(engines.stop)
        engines.start(programs.servers(settings, durable=False))
        engines.complete(programs.migration(settings, environ))
        made = Stage(folder, settings, environ, of_servers)
        stack.callback(made.stop_all)
        made.redis("CONFIG", "SET", "maxmemory", "2gb")  # the floors keep copies of their own
        wish = argparse.Namespace(users=users, videos=videos, feeds=True, tokens=str(made.tokens), token_ttl=TTL_S)
        asyncio.run(seed(settings, wish))
        yield made
