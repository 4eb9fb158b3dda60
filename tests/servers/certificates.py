"""A certificate authority of a test's own, and a TLS door in front of a server that has none."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Issues certificates for addresses. `path` is its own, in PEM, for those who shall trust it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        certificate = self._builder(self._name, self._key.public_key(), -DAY, DAY)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        certificate = certificate.add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
        self.path = folder / "authority.pem"
        self.path.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, address: str, ends_in: datetime.timedelta = DAY) -> ssl.SSLContext:
        """What a server at this IP address shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = self._builder(subject, key.public_key(), -2 * DAY, ends_in).add_extension(names, False)
        path = self._folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        begins_in: datetime.timedelta,
        ends_in: datetime.timedelta,
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins_in)
            .not_valid_after(now + ends_in)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        )


class TlsDoor:
    """Where the door is, and how to shut it in everybody's face."""

    def __init__(self) -> None:
        self.port = 0
        self._guests: set[asyncio.StreamWriter] = set()

    async def serve(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(path)
        self._guests |= {writer, inner_writer}
        try:
            await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))
        finally:
            self._guests -= {writer, inner_writer}

    def shut(self) -> None:
        """Ends all connections."""
        for guest in self._guests:
            guest.transport.abort()


@asynccontextmanager
async def tls_door(path: str, context: ssl.SSLContext) -> AsyncIterator[TlsDoor]:
    """A TLS door on 127.0.0.1 in front of the server at the Unix socket `path`, as stunnel would be."""
    door = TlsDoor()
    server = await asyncio.start_server(lambda r, w: door.serve(path, r, w), "127.0.0.1", 0, ssl=context)
    door.port = server.sockets[0].getsockname()[1]
    yield door
    door.shut()
    server.close()
    await server.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side leaves; then the other is shown out."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # as good a way to leave as any
    finally:
        writer.close()
