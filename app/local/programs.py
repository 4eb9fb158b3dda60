"""Every program `kinora run` keeps alive, and the command line of each, in the order they start.

servers    PostgreSQL and Valkey, unless the environment names others
migration  runs once, to its end
services   the worker, the API, and the edge if there is one
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from app.core.config import Settings
from app.local import postgres, valkey
from app.local.identity import current
from app.local.ports import answers
from app.local.program import SUPERVISED, Program

ROOT = Path(__file__).resolve().parents[2]  # the folder that `app` is imported from
BACKPRESSURE = 1024  # requests one API process holds at once; more wait in the kernel's backlog
# Cards lie all over a large heap: with small pages each of them costs a page two walks of the page table.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
DRAIN_S = 15  # for requests under way when the API is asked to stop


def servers(settings: Settings, pause: Callable[[float], None] = time.sleep, *, durable: bool = True) -> list[Program]:
    """The embedded servers these settings ask for; not `durable` is for tests."""
    wanted = []
    if settings.embedded_postgres:
        wanted.append(postgres.program(settings.data, pause, durable=durable))
    if settings.embedded_valkey:
        wanted.append(valkey.program(settings.data))
    return wanted


def migration(settings: Settings, environ: Mapping[str, str]) -> Program:
    """Brings the schema up to date. A statement under way when it is killed is cancelled by the server."""
    return _kinora("migrate", settings, environ, "migrate", "up")


def services(settings: Settings, environ: Mapping[str, str]) -> list[Program]:
    """The worker and the API, and the edge in front of it. What is asked from outside starts last and stops first, so
    nobody is let in before all is there."""
    shutil.rmtree(settings.data.metrics, ignore_errors=True)  # counts of processes that are no more
    settings.data.metrics.mkdir(parents=True)
    pages = [operator(settings, environ)] if settings.env == "production" else []
    front = [edge(settings, environ)] if settings.edge_port else []
    return [_kinora("worker", settings, environ, "worker"), *pages, api(settings, environ), *front]


def _kinora(name: str, settings: Settings, environ: Mapping[str, str], *arguments: str) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", "app", *arguments),
        env=_environment(settings, environ),
        cwd=ROOT,
        identity=current(),
    )


def api(settings: Settings, environ: Mapping[str, str]) -> Program:
    """The API under granian."""
    # In production /readyz is on the operator's port only.
    probe = "/readyz" if settings.env == "development" else "/livez"
    where = (settings.bind_host, settings.port)
    return _granian("api", "app.main:create_app", where, settings.api_processes, probe, settings, environ)


def edge(settings: Settings, environ: Mapping[str, str]) -> Program:
    """The process in front of the API. It is ready when the API answers through it."""
    return msgspec.structs.replace(
        _kinora("edge", settings, {**HUGE_PAGES, **environ}, "edge"),
        stop_timeout_s=DRAIN_S + 5,
        ready=lambda _pid: answers(settings.bind_host, settings.edge_port, "/livez"),
    )


def operator(settings: Settings, environ: Mapping[str, str]) -> Program:
    """The operator's pages of a production, on the loopback only."""
    where = ("127.0.0.1", settings.operator_port)
    return _granian("operator", "app.main:create_operator", where, 1, "/readyz", settings, environ)


def _granian(
    name: str,
    factory: str,
    where: tuple[str, int],
    workers: int,
    probe: str,
    settings: Settings,
    environ: Mapping[str, str],
) -> Program:
    host, port = where
    options = {
        "interface": "asgi",
        "loop": "uvloop",
        "http": "1",
        "host": host,
        "port": port,
        "workers": workers,
        "backpressure": BACKPRESSURE,
        "workers-kill-timeout": DRAIN_S,
        "log-level": settings.log_level.lower(),
    }
    arguments = [text for option, value in options.items() for text in (f"--{option}", str(value))]
    return Program(
        name=name,
        argv=(sys.executable, "-m", "granian", *arguments, "--factory", factory),
        env=_environment(settings, {**HUGE_PAGES, **environ}),
        cwd=ROOT,
        identity=current(),
        stop_timeout_s=DRAIN_S + 5,
        ready=lambda pid: answers(host, port, probe),
    )


def _environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        **environ,
        "KINORA_DATA": str(settings.data_dir),  # absolute: they start in another folder
        "KINORA_CACHE": str(settings.cache_dir),
        SUPERVISED: str(settings.data_dir),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), environ.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",  # a log is whole up to the moment of death
        "PROMETHEUS_MULTIPROC_DIR": str(settings.data.metrics),
        "MALLOC_ARENA_MAX": "2",  # glibc would keep an arena per thread
    }
