"""How the thin client gets in: certificates, passwords, users, databases. What it must not trust it does not use."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from app.adapters.redis.address import parse
from app.adapters.redis.pipe import Pipe
from app.core.errors import Unavailable
from hotpath.resp import ReplyError
from tests.contract.pipe_users import is_up, packed
from tests.servers.certificates import DAY, Authority, TlsDoor, tls_door
from tests.servers.valkey import Valkey, running_valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with running_valkey() as valkey:
        yield valkey


@asynccontextmanager
async def started(url: str, protocol: int = 2) -> AsyncIterator[Pipe]:
    pipe = Pipe(url, protocol=protocol)
    await pipe.start()
    yield pipe
    await pipe.aclose()


def door(valkey: Valkey, context: ssl.SSLContext) -> AbstractAsyncContextManager[TlsDoor]:
    return tls_door(valkey.url.removeprefix("unix://"), context)


async def test_a_server_whose_certificate_holds_is_talked_to(valkey: Valkey, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        door(valkey, authority.server("127.0.0.1")) as tls,
        started(f"rediss://127.0.0.1:{tls.port}?ssl_ca_certs={authority.path}") as pipe,
    ):
        value = b"x" * 3_000_000
        assert await pipe.ask(packed(("SET", "big", value), ("GET", "big")), 2) == [b"OK", value]
        tls.shut()
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await pipe.ask(packed(("PING",)), 1)
        await is_up(pipe)


@pytest.mark.parametrize("flaw", ["another authority", "another address", "expired", "TLS 1.2", "no TLS at all"])
async def test_a_server_whose_certificate_does_not_hold_is_never_talked_to(
    valkey: Valkey, tmp_path: Path, flaw: str
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    context = (theirs if flaw == "another authority" else ours).server(
        "127.0.0.2" if flaw == "another address" else "127.0.0.1", -DAY if flaw == "expired" else DAY
    )
    if flaw == "TLS 1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with door(valkey, context) as tls:
        scheme = "redis" if flaw == "no TLS at all" else "rediss"
        async with started(f"{scheme}://127.0.0.1:{tls.port}?ssl_ca_certs={ours.path}") as pipe:
            assert not pipe.up


@pytest.mark.parametrize("option", ["ssl_cert_reqs=none", "ssl_check_hostname=false"])
def test_the_checks_of_certificates_cannot_be_turned_off(option: str) -> None:
    with pytest.raises(ValueError, match=r"^a rediss URL must leave the checks of certificates on$"):
        parse(f"rediss://host?{option}")


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_user_has_the_rights_of_that_user(valkey: Valkey, protocol: int) -> None:
    valkey.ask(b"ACL SETUSER hot on >s3cr:t@/ ~card:* +get +ping +hello\r\n")
    valkey.ask(b"SET card:1 mine\r\n")
    url = valkey.url.replace("unix://", "unix://hot:s3cr%3At%40%2F@")
    async with started(url, protocol) as pipe:
        mine, theirs = await pipe.ask(packed(("GET", "card:1"), ("GET", "session:1")), 2)
        assert mine == b"mine"
        assert isinstance(theirs, ReplyError)
        assert theirs.code == "NOPERM"


@pytest.mark.parametrize("protocol", [2, 3])
async def test_a_wrong_password_is_never_up(valkey: Valkey, protocol: int, caplog: pytest.LogCaptureFixture) -> None:
    valkey.ask(b"ACL SETUSER hot on >right ~* +@all\r\n")
    async with started(valkey.url.replace("unix://", "unix://hot:wrong-secret@"), protocol) as pipe:
        assert not pipe.up
    assert "WRONGPASS" in caplog.text
    assert "wrong-secret" not in caplog.text


async def test_a_database_is_selected_again_after_a_loss(valkey: Valkey) -> None:
    valkey.ask(b"SET where zero\r\n")
    async with started(f"{valkey.url}?db=3") as pipe:
        assert await pipe.ask(packed(("SET", "where", "three"), ("CLIENT", "ID")), 2) != []
        valkey.ask(b"CLIENT KILL TYPE normal SKIPME yes\r\n")
        await is_up(pipe)
        assert await pipe.ask(packed(("GET", "where")), 1) == [b"three"]
    assert valkey.ask(b"GET where\r\n") == b"$4\r\nzero\r\n"


def test_urls_are_read_as_redis_py_reads_them() -> None:
    address = parse("redis://user:p%40ss@[::1]:7000/2")

    assert (address.host, address.port, address.db, address.user, address.password, address.tls) == (
        *("::1", 7000, 2, "user", "p@ss"),
        None,
    )
    assert parse("redis://:word@host").greeting(2, []) == [("AUTH", "word"), ("PING",)]
    assert parse("redis://:word@host/1").greeting(3, [("CLIENT", "NO-TOUCH", "ON")]) == [
        ("HELLO", 3, "AUTH", "default", "word"),
        ("SELECT", 1),
        ("CLIENT", "NO-TOUCH", "ON"),
        ("PING",),
    ]
