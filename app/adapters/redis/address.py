"""Where a Redis server is and how it is greeted, out of the URL that redis-py understands too."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from redis.asyncio.connection import SSLConnection, parse_url

from app.adapters.redis.client import Command

_Made = TypeVar("_Made", bound=asyncio.Protocol)


class Address(msgspec.Struct, frozen=True):
    """`redis://user:password@host:port/db`, `rediss://…?ssl_ca_certs=FILE` or `unix:///path?db=N`."""

    host: str = "localhost"
    port: int = 6379
    path: str | None = None  # of a Unix socket, instead of host and port
    db: int = 0
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        """For people; holds no secret."""
        return self.path or f"{self.host}:{self.port}"

    def at(self, host: str, port: int) -> "Address":
        """Another node of the same cluster: the same user, password and certificates."""
        return msgspec.structs.replace(self, host=host, port=port, path=None)

    def greeting(self, protocol: int, setup: Sequence[Command]) -> list[Command]:
        """What a new connection says before all else. PING comes last: a server that still loads refuses it."""
        who = (self.user or "default", self.password) if self.password is not None else None
        commands: list[Command] = []
        if protocol == 3:
            commands.append(("HELLO", 3, "AUTH", *who) if who else ("HELLO", 3))
        elif who:
            commands.append(("AUTH", *who) if self.user else ("AUTH", who[1]))
        if self.db:
            commands.append(("SELECT", self.db))
        return [*commands, *setup, ("PING",)]

    async def connect(self, make: Callable[[], _Made]) -> _Made:
        """A connected protocol. Raises OSError, of which certificate errors are a kind."""
        loop = asyncio.get_running_loop()
        if self.path is not None:
            return (await loop.create_unix_connection(make, self.path))[1]
        return (await loop.create_connection(make, self.host, self.port, ssl=self.tls))[1]


def parse(url: str) -> Address:
    """Raises ValueError. Reads the files of certificates that the URL names."""
    options: dict[str, Any] = dict(parse_url(url))
    return Address(
        host=options.get("host", Address.host),
        port=options.get("port", Address.port),
        path=options.get("path"),
        db=options.get("db", 0),
        user=options.get("username"),
        password=options.get("password"),
        tls=_tls(options) if options.get("connection_class") is SSLConnection else None,
    )


def _tls(options: dict[str, Any]) -> ssl.SSLContext:
    if options.get("ssl_cert_reqs", "required") != "required" or options.get("ssl_check_hostname", True) is not True:
        raise ValueError("a rediss URL must leave the checks of certificates on")
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context
