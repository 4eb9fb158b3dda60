"""The server's own secrets as files of mode 0600: one random secret, and the RSA keys that sign access tokens.

Every process reads the same folder. A key file is made aside and linked into place, so that two processes that start
at once agree on one. Rotating adds a key; the one before it goes on verifying until its last token has expired.
"""

import os
import secrets
import time
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import RSAKey

SECRET_BYTES: Final = 32
RSA_BITS: Final = 2048
LOOK_AGAIN_S: Final = 1.0


def server_secret(folder: Path) -> bytes:
    """The random secret from which cursors, playback tokens and media signatures get their keys."""
    path = folder / "server"
    if not path.exists():
        _publish(path, secrets.token_bytes(SECRET_BYTES))
    value = path.read_bytes()
    if len(value) != SECRET_BYTES:
        raise ValueError(f"{path} does not hold {SECRET_BYTES} bytes.")
    return value


class KeyFolder:
    """RSA keys in `folder`, named by the time they were made; the newest signs (`app.core.tokens.SigningKeys`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[str, RSAKey] = {}
        self._newest: RSAKey | None = None
        self._looked_at = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.glob("*.pem")):
            self.rotate(first=True)
        self._read()

    def rotate(self, *, first: bool = False) -> str:
        """Adds a key that signs from now on; returns its id."""
        key = RSAKey.generate_key(RSA_BITS, auto_kid=True)
        name = f"{0 if first else time.time_ns() // 1_000_000:015d}.pem"
        _publish(self._folder / name, key.as_pem(private=True))
        self._read()
        return str(self.current().kid)

    def current(self) -> RSAKey:
        """The newest key; looks for a newer one at most once a second."""
        self._look_again()
        if self._newest is None:
            raise ValueError(f"{self._folder} holds no signing key.")
        return self._newest

    def find(self, kid: str) -> RSAKey | None:
        """A key that may verify; an unknown id looks into the folder at most once a second."""
        key = self._keys.get(kid)
        if key is None:
            self._look_again()
            key = self._keys.get(kid)
        return key

    def public(self) -> list[dict[str, Any]]:
        """Public JWKs of all keys, newest first."""
        self._look_again()
        fixed = {"use": "sig", "alg": "RS256"}
        return [{**key.as_dict(private=False), **fixed} for key in reversed(self._keys.values())]

    def _look_again(self) -> None:
        if time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self._read()

    def _read(self) -> None:
        known = {}
        for path in sorted(self._folder.glob("*.pem")):
            key = RSAKey.import_key(path.read_bytes())
            key.ensure_kid()
            known[str(key.kid)] = key
            self._newest = key
        self._keys = known
        self._looked_at = time.monotonic()


def _publish(path: Path, value: bytes) -> None:
    """Writes a new file whole and private; if it exists already the existing one stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return  # another process was first: its value is the one
    finally:
        aside.unlink()
