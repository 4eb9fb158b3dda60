"""Real PostgreSQL and Valkey for tests: the ones of `kinora run`, in a folder of their own, gone afterwards."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.config import Settings, load
from app.local import programs
from app.local.folder import claim
from app.local.supervisor import Supervisor


@contextmanager
def short_folder() -> Iterator[Path]:
    """An empty folder whose path leaves room for a socket's name, and that PostgreSQL's user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="kinora-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running_engines(folder: Path) -> Iterator[Settings]:
    """Engines in `folder`, migrated; the settings that lead to them. They die with this process whatever happens."""
    settings = load({"KINORA_DATA": str(folder / "data"), "KINORA_CACHE": str(folder / "cache")}, "/")
    supervisor = Supervisor(settings, time.sleep, print)
    with claim(settings.data):
        try:
            supervisor.start(programs.servers(settings, durable=False))
            supervisor.complete(programs.migration(settings, own_environment()))
            yield settings
        finally:
            supervisor.stop()


def own_environment() -> dict[str, str]:
    """The environment without Kinora's settings: a developer's own must not lead a test to other engines."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KINORA_")}
