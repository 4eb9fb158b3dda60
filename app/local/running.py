"""For commands that work beside a running Kinora: refuse in one sentence when there is none."""

import socket
from pathlib import Path

from app.core.config import Settings
from app.local.errors import LocalError

CONNECT_TIMEOUT_S = 2.0


def require_servers(settings: Settings) -> None:
    """Raises LocalError unless the embedded servers these settings ask for accept connections."""
    data = settings.data
    wanted = ((settings.embedded_postgres, data.postgres_socket), (settings.embedded_valkey, data.valkey_socket))
    if not all(_accepts(path) for embedded, path in wanted if embedded):
        raise LocalError(f"Kinora is not running on {data.root}: start it with `make run` first, or set KINORA_DATA.")


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(CONNECT_TIMEOUT_S)
        try:
            client.connect(str(path))
        except OSError:  # absent, refused, or too long a path to exist
            return False
    return True
