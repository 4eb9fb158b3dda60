"""What stands behind the edge in tests: an application over sockets, or a server that does exactly as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import h11
import msgspec

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class Behind(msgspec.Struct):
    """A listening server: where, how many connections it took, and what each sent."""

    port: int
    connections: int = 0
    received: list[bytearray] = []

    @property
    def heads(self) -> list[bytes]:
        """The requests' heads in the order of connections; only where no body contains an empty line."""
        return [
            head
            for data in self.received
            for head in bytes(data).split(b"\r\n\r\n")
            if head.partition(b"\r\n")[0].endswith(b"HTTP/1.1")
        ]


@asynccontextmanager
async def scripted(serve: Serve, port: int = 0, *, remember: bool = True) -> AsyncIterator[Behind]:
    """A server whose connections `serve` handles, and closes when that returns or raises. It may `remember` all."""
    behind = Behind(0)
    tasks: set[asyncio.Task[Any]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        behind.connections += 1
        if remember:
            behind.received.append(_overheard(reader))
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()

    server = await asyncio.start_server(accepted, "127.0.0.1", port, limit=2**20)
    behind.port = server.sockets[0].getsockname()[1]
    try:
        yield behind
    finally:
        server.close()
        while waiting := [task for task in tasks if not task.done()]:
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)


def _overheard(reader: asyncio.StreamReader) -> bytearray:
    """All that this connection has been sent, and will be."""
    seen = bytearray(reader._buffer)  # type: ignore[attr-defined]
    feed: Callable[[bytes], None] = reader.feed_data

    def feeding(data: bytes) -> None:
        seen.extend(data)
        feed(data)

    setattr(reader, "feed_data", feeding)  # noqa: B010 (whatever the test does with it, what came is seen here)
    return seen


async def head_of(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """The request line and the headers of the next request."""
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    return line, {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}


async def body_of(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    """The body that belongs to such a head."""
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    return body


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request with its own request line and body."""
    while True:
        line, headers = await head_of(reader)
        told = line.encode() + b"|" + await body_of(reader, headers)
        body = b"" if line.startswith("HEAD ") else told
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(told), body))
        await writer.drain()


def always(*answer: bytes) -> Serve:
    """Answers every request with these bytes, then ends if there is more than one piece."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, headers = await head_of(reader)
            await body_of(reader, headers)
            for piece in answer:
                writer.write(piece)
                await writer.drain()
            if len(answer) > 1:
                return

    return serve


def served(app: Asgi) -> Serve:
    """An ASGI application over h11: as much of it as the application's answers need."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2**18)

        async def event() -> Any:
            while (found := connection.next_event()) is h11.NEED_DATA:
                connection.receive_data(await reader.read(2**16))
            return found

        while isinstance(request := await event(), h11.Request):
            await _one(app, connection, request, event, writer)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    return serve


async def _one(app: Asgi, connection: h11.Connection, request: h11.Request, event: Any, writer: Any) -> None:
    path, _, query = request.target.partition(b"?")

    async def receive() -> Any:
        found = await event()
        if isinstance(found, h11.Data):
            return {"type": "http.request", "body": bytes(found.data), "more_body": True}
        return {"type": "http.request" if isinstance(found, h11.EndOfMessage) else "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            head = h11.Response(status_code=message["status"], headers=message["headers"])
            writer.write(connection.send(head))
            return
        if request.method != b"HEAD":
            writer.write(connection.send(h11.Data(data=message.get("body", b""))))
        if not message.get("more_body", False):
            writer.write(connection.send(h11.EndOfMessage()))
        await writer.drain()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.http_version.decode(),
        "method": request.method.decode(),
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
        "client": writer.get_extra_info("peername")[:2],
        "server": writer.get_extra_info("sockname")[:2],
        "state": {},
        "extensions": {},
    }
    await app(scope, receive, send)
    if connection.their_state is h11.SEND_BODY:
        while not isinstance(await event(), h11.EndOfMessage | h11.ConnectionClosed):
            pass
