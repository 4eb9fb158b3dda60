"""Typed reading of environment variables; each refusal is one sentence that names the variable.

    ConfigError   the operator's mistake, in words

An empty variable counts as unset. URLs are never repeated in an error: they may hold passwords.
"""

import ipaddress
import os.path
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

Choice = TypeVar("Choice", bound=str)

MAX_TEXT = 2048  # characters in one variable
WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")  # int() would also take '1_000', ' 5 ' and other scripts' digits

FIELD_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class ConfigError(Exception):
    """One sentence that names the variable and says what would be right."""


class Reader:
    """Reads the variables of one environment, each by its full name."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        """The value, or None when unset or empty."""
        value = self._environ.get(name, "")
        if len(value) > MAX_TEXT or not value.isprintable():
            raise ConfigError(f"{name} must be at most {MAX_TEXT} printable characters on one line.")
        return value or None

    def choice(self, name: str, options: tuple[Choice, ...], default: Choice) -> Choice:
        """One of `options`, compared to the letter."""
        value = self.text(name)
        if value is None:
            return default
        for option in options:
            if option == value:
                return option
        raise ConfigError(f"{name} must be one of {', '.join(options)}, not {_shown(value)}.")

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        value = self.text(name)
        if value is None:
            return default
        if not WHOLE_NUMBER.fullmatch(value) or not low <= int(value) <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {_shown(value)}.")
        return int(value)

    def host(self, name: str, default: str) -> str:
        """`localhost` or an IP address to listen on."""
        value = self.text(name) or default
        if value != "localhost":
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise ConfigError(f"{name} must be localhost or an IP address, not {_shown(value)}.") from None
        return value

    def field(self, name: str) -> str | None:
        """The name of an HTTP header, in lower case; None when unset."""
        value = self.text(name)
        if value is not None and not FIELD_NAME.fullmatch(value):
            raise ConfigError(f"{name} must be the name of a header such as CF-IPCountry, not {_shown(value)}.")
        return value.lower() if value else None

    def folder(self, name: str, default: str, cwd: str) -> Path:
        """An absolute folder; a relative one counts from `cwd`, `~` from HOME."""
        value = self.text(name) or default
        if value == "~" or value.startswith("~/"):
            home = self.text("HOME")
            if home is None:
                raise ConfigError(f"{name} is {_shown(value)} but HOME is not set: give an absolute path.")
            value = home + value[1:]
        return Path(os.path.normpath(os.path.join(cwd, value)))

    def url(self, name: str, schemes: tuple[str, ...], default: str) -> str:
        """A URL of one of `schemes`, as given."""
        value = self.text(name)
        if value is None:
            return default
        parts = split_url(name, value)
        if parts.scheme not in schemes:
            wanted = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ConfigError(f"{name} must start with {wanted}, not {_shown(parts.scheme + '://')}.")
        if not parts.netloc and not parts.path.strip("/"):
            raise ConfigError(f"{name} names neither a host nor a path.")
        return value

    def origin(self, name: str, default: str) -> str:
        """Scheme, host and port of a web address, without a trailing slash."""
        value = self.url(name, ("http", "https"), default).rstrip("/")
        parts = split_url(name, value)
        if not parts.hostname or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            raise ConfigError(f"{name} must be a plain web address such as https://kinora.example.")
        return value


def split_url(name: str, value: str) -> SplitResult:
    """The parts of `value`. Raises ConfigError for broken brackets and ports outside 0..65535."""
    try:
        parts = urlsplit(value)
        if "," not in parts.netloc:  # PostgreSQL takes several host:port pairs
            _ = parts.port  # parsed on access
    except ValueError:
        raise ConfigError(f"{name} is not a URL: its host or port is malformed.") from None
    return parts


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:40] + "…")
