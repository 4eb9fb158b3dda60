"""The TCP side of `kinora run`: is the port free, and does the API answer on it."""

import errno
import http.client
import socket

from app.local.errors import LocalError

PROBE_TIMEOUT_S = 2.0
NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # a machine without IPv6


def ensure_free(host: str, port: int, setting: str = "KINORA_PORT") -> None:
    """Raises LocalError if something listens there already, or listening isn't allowed; `setting` names the port."""
    # Browsers take `localhost` for ::1 first, so a stranger there would be seen in Kinora's place.
    for address in ("127.0.0.1", "::1") if host == "localhost" else (host,):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if address == "::1" and error.errno in NO_SUCH_ADDRESS:
                continue
            raise LocalError(_sentence(error, address, port, setting)) from error


def answers(host: str, port: int, path: str) -> bool:
    """Whether GET `path` is answered 200."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reachable(host: str) -> str:
    """What to connect to for who listens at `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)


def _sentence(error: OSError, address: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: stop it, or set {setting} to a free one."
    if error.errno == errno.EACCES:
        return f"Port {port} may only be used by root: set {setting} to one above 1023."
    return f"Kinora can't listen on {address}: set KINORA_HOST to an address of this machine."
