"""An application that is away, dies or goes silent: told where that can be, and never an answer that is not whole."""

import asyncio
import itertools
from collections.abc import Awaitable

import h11
import msgspec
import pytest

from app.core.errors import Unavailable
from app.core.metrics import REGISTRY, settle
from app.edge import upstream
from app.http.hot import Answer, Fields, Outcome, Waiter
from tests.edge.behind import Serve, always, body_of, echo, head_of, scripted
from tests.edge.front import VERDICT, Front, Got, Plain, Talk, edge, get, post
from tests.waiting import until

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def problem(got: Got) -> tuple[int, str]:
    """Status and code; the same in the body as in the head."""
    told = msgspec.json.decode(got.body)
    assert (told["status"], told["request_id"]) == (got.status, got.headers["x-request-id"])
    return got.status, told["code"]


async def cut_off(talk: Talk) -> bytes:
    """What came of an answer that has no end: the connection is reset, for an end might pass for its end."""
    got = bytearray()
    with pytest.raises(ConnectionResetError):
        await _gather(talk, got)
    return bytes(got)


async def _gather(talk: Talk, got: bytearray) -> None:
    async with asyncio.timeout(10):
        while data := await talk.reader.read(2**16):
            got += data


async def test_while_nobody_listens_it_says_when_to_come_again() -> None:
    async with scripted(echo) as behind:
        pass
    async with edge(behind.port) as front:
        talk = await front.say(get("/x", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        got = await talk.answer()
        assert problem(got) == (503, "unavailable")
        assert got.headers["retry-after"] == "2"
        assert got.headers["x-request-id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert await talk.over() == b""
        settle()
        labels = {"route": "edge", "method": "GET", "status": "503"}
        assert REGISTRY.get_sample_value("kinora_requests_total", labels)
        assert front.lines[0].startswith(b"127.0.0.1 - - [")
        assert b'"GET /x HTTP/1.1" 503 ' in front.lines[0]
        assert (await (await front.say(get("/hot"))).answer()).status == 200


async def test_it_is_there_again_when_the_application_is() -> None:
    async with scripted(always(OK)) as behind, edge(behind.port) as front:
        assert (await (await front.say(get())).answer()).status == 200
        port = behind.port
        async with scripted(echo):  # another's port must not be taken for it
            pass
    async with edge(port) as front:
        assert (await (await front.say(get())).answer()).status == 503
        async with scripted(always(OK), port):
            assert (await (await front.say(get())).answer()).status == 200


def dying(answers: int) -> Serve:
    """Answers so many requests on a connection, takes one more, and dies."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(answers):
            _, headers = await head_of(reader)
            await body_of(reader, headers)
            writer.write(OK)
        await head_of(reader)

    return serve


async def held(front: Front) -> Talk:
    """A client whose first request left a connection to the application behind."""
    talk = await front.say(get())
    assert (await talk.answer()).status == 200
    return talk


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
async def test_what_may_be_repeated_is_when_a_kept_connection_dies(method: str) -> None:
    async with scripted(dying(1)) as behind, edge(behind.port) as front:
        talk = await held(front)
        await talk.say(get("/again", method=method))
        answer = await talk.answer(method)
        assert answer.status == 200
        assert behind.connections == 2


@pytest.mark.parametrize("request_", [post(b"x"), post(b""), post(b"x", method="PUT"), get(method="PATCH")])
async def test_what_may_have_an_effect_is_not(request_: bytes) -> None:
    async with scripted(dying(1)) as behind, edge(behind.port) as front:
        talk = await held(front)
        await talk.say(request_)
        assert problem(await talk.answer()) == (502, "bad_gateway")
        assert behind.connections == 1


async def test_nor_is_anything_repeated_on_a_new_connection_or_twice() -> None:
    async with scripted(dying(0)) as behind, edge(behind.port) as front:
        assert problem(await (await front.say(get())).answer()) == (502, "bad_gateway")
        assert behind.connections == 1
    seen = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        await dying(1 if seen == 1 else 0)(reader, writer)

    async with scripted(once) as behind, edge(behind.port) as front:
        talk = await held(front)
        await talk.say(get("/again"))
        assert problem(await talk.answer()) == (502, "bad_gateway")
        assert behind.connections == 2


async def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK)

    async with scripted(one) as behind, edge(behind.port) as front:
        talk = await front.say()
        for count in range(1, 4):
            await talk.say(post(b"x"))
            assert (await talk.answer()).status == 200
            assert behind.connections == count
            await until(lambda: not front.shared.pool._kept)


@pytest.mark.parametrize(
    ("pieces", "came"),
    [
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", b""], b"abc"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", b""], b"3\r\nabc\r\n"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc", b""], b"3\r\nabc\r\n"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n"], b"3\r\nabc\r\n"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"x\r\n"], b"3\r\nabc\r\n"),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_an_answer_that_breaks_off_does_not_look_whole(pieces: list[bytes], came: bytes, version: str) -> None:
    gate = asyncio.Event()

    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for piece in pieces[:-1]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        await gate.wait()
        writer.write(pieces[-1])

    async with scripted(breaking) as behind, edge(behind.port) as front:
        talk = await front.say(get(version=version))
        head = await talk.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        if version == "1.1" or b"\r\n" not in came:
            assert await talk.reader.readexactly(len(came)) == came
        gate.set()
        await cut_off(talk)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"nothing that anybody knows\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\na",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\na",
        b"HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 1\r\n\r\na",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nabc",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"content-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 200_000,
    ],
)
async def test_what_is_no_answer_is_none(answer: bytes) -> None:
    async with scripted(always(answer)) as behind, edge(behind.port) as front:
        assert problem(await (await front.say(get())).answer()) == (502, "bad_gateway")


@pytest.mark.parametrize(
    "answer",
    [
        OK + OK,
        OK + b"x",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nxy",
        OK.replace(b"200 OK", b"304 X") + OK,
    ],
)
async def test_what_stands_behind_an_answer_is_nobodys(answer: bytes) -> None:
    async with scripted(always(answer)) as behind, edge(behind.port) as front:
        talk = await front.say(get(), get())
        for _ in range(2):
            got = await talk.answer()
            assert got.body == (b"ok" if got.status == 200 else b"")
            assert got.status != 204 or "content-length" not in got.headers
        assert behind.connections == 2


async def test_a_body_in_answer_to_a_head_is_nobodys() -> None:
    async with scripted(always(OK)) as behind, edge(behind.port) as front:
        talk = await front.say(get(method="HEAD"))
        assert (await talk.answer("HEAD")).body == b""
        await talk.say(get())
        assert (await talk.answer()).body == b"ok"
        assert behind.connections == 2


async def test_bytes_that_nobody_asked_for_end_the_connection_they_came_on() -> None:
    async with (
        scripted(always(OK, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")) as behind,
        edge(behind.port) as front,
    ):
        talk = await held(front)
        await until(lambda: not front.shared.pool._kept)
        await talk.say(get())
        assert (await talk.answer()).body == b"ok"


async def test_silence_before_an_answer_is_told_and_in_the_middle_cuts_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "QUIET_S", 0.2)
    monkeypatch.setattr(upstream.Upstream.wait, "__defaults__", (0.2,))

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, _ = await head_of(reader)
        if "middle" in line:
            writer.write(OK[:-1])
        await reader.read()

    async with scripted(silent) as behind, edge(behind.port) as front:
        assert problem(await (await front.say(get("/first"))).answer()) == (504, "gateway_timeout")
        talk = await front.say(get("/middle"))
        assert (await cut_off(talk)).endswith(b"\r\n\r\no")


@pytest.mark.parametrize("asked", [get("/x"), get("/hot"), get("/x", "Content-Length: 9", method="PUT") + b"x"])
async def test_a_client_that_goes_ends_what_it_began(asked: bytes) -> None:
    read = Plain()
    read.hold()
    ended = asyncio.Event()

    async def waiting(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        await reader.read()
        ended.set()

    async with scripted(waiting) as behind, edge(behind.port, {"/hot": read}) as front:
        talk = await front.say(asked)
        await until(lambda: read.asked or behind.connections)
        talk.writer.transport.abort()
        if read.asked:
            await until(lambda: front.lines)
            assert b'"GET /hot HTTP/1.1" 499 0' in front.lines[0]
        else:
            await asyncio.wait_for(ended.wait(), 10)
        await until(lambda: not front.shared.connections)


class Judging(Plain):
    """Counts what it judged."""

    judged = 0

    def answer(self, asked: bytes, replies: list[object]) -> Outcome | Awaitable[Outcome]:
        self.judged += 1
        return super().answer(asked, replies)


@pytest.mark.parametrize("outcome", [Answer, VERDICT])
async def test_a_read_whose_client_has_left_is_judged_and_goes_nowhere(outcome: Outcome | type[Answer]) -> None:
    read = Judging()
    read.outcome = outcome
    gate = read.hold()

    async def nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        raise AssertionError("it was handed on")

    async with scripted(nothing) as behind, edge(behind.port, {"/hot": read}) as front:
        talk = await front.say(get("/hot"))
        await until(lambda: read.asked)
        talk.writer.transport.abort()
        await until(lambda: front.lines)
        gate.set_result([])
        await until(lambda: read.judged)
        await until(lambda: not front.shared.connections)
        assert not behind.connections
        assert b"".join(front.lines).count(b"\n") == 1


class Failing(Plain):
    """Fails where it is told to."""

    def __init__(self, where: str, error: Exception) -> None:
        super().__init__()
        self._where = where
        self._error = error

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, bytes]:
        if self._where == "ask":
            raise self._error
        waiter, asked = super().ask(query, fields, host)
        if self._where == "waiter":
            waiter = asyncio.get_running_loop().create_future()
            waiter.set_exception(self._error)
        return waiter, asked

    def answer(self, asked: bytes, replies: list[object]) -> Outcome | Awaitable[Outcome]:
        return self._later() if self._where == "later" else self._now()

    def _now(self) -> Outcome:
        raise self._error

    async def _later(self) -> Outcome:
        await asyncio.sleep(0)
        raise self._error


@pytest.mark.parametrize("error", [Unavailable("Redis cannot be reached."), ZeroDivisionError()])
@pytest.mark.parametrize("where", ["ask", "waiter", "answer", "later"])
async def test_a_hot_read_that_fails_is_for_the_application(where: str, error: Exception) -> None:
    async with scripted(echo) as behind, edge(behind.port, {"/hot": Failing(where, error)}) as front:
        talk = await front.say(get("/hot"), get("/hot"))
        for _ in range(2):
            assert (await talk.answer()).body == b"GET /hot HTTP/1.1|"


async def test_a_hot_read_may_take_a_second_trip() -> None:
    class Later(Plain):
        def answer(self, asked: bytes, replies: list[object]) -> Outcome | Awaitable[Outcome]:
            return self._later(asked, replies)

        async def _later(self, asked: bytes, replies: list[object]) -> Outcome:
            await asyncio.sleep(0)
            found = super().answer(asked, replies)
            assert isinstance(found, Answer)
            return found

    async with scripted(echo) as behind, edge(behind.port, {"/hot": Later()}) as front:
        assert (await (await front.say(get("/hot?x"))).answer()).body == b"hot?x"


async def test_an_application_killed_and_started_again_never_gives_half_an_answer_for_a_whole() -> None:
    counts = {"whole": 0, "broken": 0, "told": 0}
    body = b"y" * 300_000
    numbers = itertools.count()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
            for at in range(0, len(body), 30_000):
                writer.write(body[at : at + 30_000])
                await writer.drain()
                if at == 120_000 and next(numbers) % 4 == 3:
                    await asyncio.Event().wait()  # until it is killed

    async def client(front: Front) -> None:
        while counts["whole"] < 120:
            talk = await front.say(get("/x"))
            try:
                got = await talk.answer()
            except (ConnectionError, h11.RemoteProtocolError):
                counts["broken"] += 1
            else:
                assert got.body == body if got.status == 200 else got.status in (502, 503)
                counts["whole" if got.status == 200 else "told"] += 1

    async with scripted(echo) as behind:
        port = behind.port
    async with edge(port) as front:
        clients = [asyncio.create_task(client(front)) for _ in range(8)]
        for lives in range(1, 21):
            async with scripted(serve, port):
                enough = 6 * lives
                await until(lambda: counts["whole"] >= enough, every_s=0)  # noqa: B023 (it is asked here alone)
        await asyncio.gather(*clients)
    assert min(counts.values()) > 0
