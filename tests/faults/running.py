"""The product's own processes, to be killed: the API and the worker on engines of their own, or all of `kinora run`.

Everything is asked through the public API, except what must be true on the disk and in the outbox.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec

from app.core.config import load
from app.local import orphans, programs
from app.local.logfile import LogFile
from app.local.program import Child, wait_until
from tests.servers.engines import own_environment, running_engines, short_folder
from tests.servers.local.runs import ROOT, environment

PATIENCE_S = 120.0
LEASE_MS = 1_000  # long enough for five heartbeats on two busy cores, short enough to wait for

LIMITS = {
    "KINORA_UPLOADS_PER_HOUR": "10000",
    "KINORA_FEEDS_PER_MINUTE": "100000",
    "KINORA_LIKES_PER_HOUR": "10000",
    "KINORA_COMMENTS_PER_MINUTE": "10000",
    "KINORA_REQUESTS_PER_MINUTE": "100000",
    "KINORA_UPLOAD_PART_BYTES": str(5 * 2**20),
}


class Kinora:
    """One `api` and one `worker`, and an `edge` if it has a port, started as `kinora run` starts them, without a
    supervisor that brings them back; and `relay`, which is a worker that does nothing else."""

    def __init__(self, environ: dict[str, str], client: httpx.AsyncClient, database: asyncpg.Connection) -> None:
        self.settings = load(environ, "/")
        self.client = client
        self.database = database
        self.work_root = self.settings.data_dir / "work"
        worker, api, *front = programs.services(self.settings, own_environment() | environ)
        relay = msgspec.structs.replace(worker, name="relay", argv=(*worker.argv, "relay"))
        self._programs = {program.name: program for program in (worker, api, relay, *front)}
        self._children: dict[str, Child] = {}

    def start(self, *names: str) -> None:
        """Starts them, unless they run."""
        for name in names:
            if name not in self._children:
                self._children[name] = Child(self._programs[name], LogFile(self.settings.data.logs, name))

    async def ready(self) -> None:
        """Returns when the API answers, and what is in front of it."""
        asked = [child for name, child in self._children.items() if name in ("api", "edge")]
        await until(lambda: all(child.ready() for child in asked), "the API answers")

    def kill(self, name: str) -> None:
        """SIGKILL. The worker alone is hit, not its tools: they must end by themselves. The API is hit with its
        server processes, as by the kernel or a lost machine."""
        child = self._children.pop(name)
        os.kill(child.pid, signal.SIGKILL)
        if name == "api":
            child.kill_group()
        child.stop()

    async def terminate(self, name: str) -> int:
        """SIGTERM; the exit status, negative for a signal. Fails unless it ends within 20 s."""
        child = self._children.pop(name)
        os.kill(child.pid, signal.SIGTERM)
        await until(lambda: not child.alive(), f"{name} has ended", patience_s=20)
        how = child.how_it_ended()
        child.stop()
        return int(how.rpartition(" ")[2]) if how.startswith("exit code") else -signal.Signals[how]

    def stop(self) -> None:
        """All, in the order of `kinora run`."""
        for name in ("edge", "api", "worker", "relay"):
            child = self._children.pop(name, None)
            if child is not None:
                child.stop()

    def pids(self, name: str) -> list[int]:
        """A program and its children."""
        first = self._children[name].pid
        return [first, *(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and _parent(int(pid)) == first)]

    def tools(self, program: str = "") -> list[int]:
        """Pids of media tools at work for this Kinora: one program, or all, their walls included."""
        commands = {int(name): _command(int(name)) for name in os.listdir("/proc") if name.isdigit()}
        ours = [pid for pid, command in commands.items() if str(self.work_root).encode() in command]
        return [pid for pid in ours if commands[pid].startswith(program.encode())]

    def log(self, name: str) -> str:
        """All that it has said."""
        return LogFile(self.settings.data.logs, name).path.read_text(errors="replace")


def _command(pid: int) -> bytes:
    """Its words, each ended by a zero; none if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def until(ask: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S, every_s: float = 0.02) -> None:
    """Returns once the answer, or what awaiting it gives, is true. A server that is away means: not yet."""
    last: object = None
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    answer = ask()
                    last = await answer if isinstance(answer, Awaitable) else answer
                    if last:
                        return
                except httpx.TransportError as error:
                    last = error
                await asyncio.sleep(every_s)  # between two looks
    except TimeoutError:
        raise AssertionError(f"never in {patience_s:.0f} s: {what}; last: {last!r}") from None


@asynccontextmanager
async def running_kinora(**more: str) -> AsyncIterator[Kinora]:
    """API and worker, both up, on engines of their own; gone afterwards."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        engines = stack.enter_context(running_engines(folder))
        environ = environment(folder, KINORA_JOB_LEASE_MS=str(LEASE_MS), **LIMITS, **more)
        database = await asyncpg.connect(engines.migrator_database_url)
        stack.push_async_callback(database.close)
        address = f"http://127.0.0.1:{environ['KINORA_PORT']}"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=30))
        kinora = Kinora(environ, client, database)
        stack.callback(kinora.stop)
        kinora.start("worker", "api", *(["edge"] if kinora.settings.edge_port else []))
        await kinora.ready()
        yield kinora


class Run:
    """`kinora run` itself, with its supervisor, servers and services."""

    def __init__(self, folder: Path, **more: str) -> None:
        environ = environment(folder, **LIMITS, **more)
        self.settings = load(environ, "/")
        self.address = f"http://127.0.0.1:{self.settings.port}"
        self._said = folder / "said"
        with self._said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "run"],
                env=own_environment() | environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._said.read_text()

    def pid(self, name: str) -> int:
        """The process that the supervisor started for one of its programs."""
        data = self.settings.data
        if name == "postgres":
            return int((data.cluster / "postmaster.pid").read_text().splitlines()[0])
        if name == "valkey":
            return orphans.in_folder(data.valkey, "valkey-server")[0]
        mark = {"api": b"granian", "worker": b"\0worker", "edge": b"\0edge"}[name]
        [pid] = [pid for pid in orphans.find(data) if _parent(pid) == self.process.pid and mark in _command(pid)]
        return pid

    def tree(self, name: str | None = None) -> list[int]:
        """Pids of a program, or of the supervisor, and of everything below it."""
        parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
        tree = [self.process.pid if name is None else self.pid(name)]
        for pid in tree:  # grows as it is walked
            tree += [child for child, parent in parents.items() if parent == pid]
        return tree

    def memory_bytes(self, name: str | None = None) -> int:
        """What the processes of `tree` hold, shared pages divided among those who share them."""
        return sum(_pss_bytes(pid) for pid in self.tree(name))


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return -1


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


@contextmanager
def running_run(**more: str) -> Iterator[Run]:
    """A ready `kinora run` that is over afterwards, and leaves no process."""
    with short_folder() as folder:
        run = Run(folder, **more)
        try:
            ready = f"Kinora is ready at {run.settings.public_url}\n"
            assert wait_until(lambda: ready in run.output or run.process.poll() is not None, PATIENCE_S), run.output
            assert ready in run.output, run.output
            yield run
        finally:
            run.process.send_signal(signal.SIGTERM)
            run.process.wait(PATIENCE_S)
            assert wait_until(lambda: not orphans.find(run.settings.data), PATIENCE_S)


def json(answer: httpx.Response, status: int = 200) -> Any:
    """The body of an answer with this status."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json()
