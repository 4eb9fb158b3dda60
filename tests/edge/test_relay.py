"""What is handed on comes back as it was given: in order, framed anew, with all that comes before and none too much."""

import asyncio

import pytest

from app.edge import pool
from tests.edge.behind import always, body_of, echo, head_of, scripted
from tests.edge.front import VERDICT, Plain, edge, get, post
from tests.waiting import until


async def test_a_request_goes_to_the_application_and_its_answer_comes_back() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get("/a?b=c"))
        got = await talk.answer()
        assert (got.status, got.body) == (200, b"GET /a?b=c HTTP/1.1|")
        await talk.say(post(b"hello"))
        assert (await talk.answer()).body == b"POST /x HTTP/1.1|hello"
        assert behind.connections == 1


async def test_pipelined_requests_are_answered_in_order_whoever_answers_them() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        asked = [f"/hot?{n}" if n % 3 else f"/x?{n}" for n in range(30)]
        wanted = [f"hot?{n}" if n % 3 else f"GET /x?{n} HTTP/1.1|" for n in range(30)]
        last = get("/last", "Connection: close")
        for pieces in ([*map(get, asked), last], [b"".join(map(get, asked)) + last]):
            got = await front.answers(*pieces)
            assert [answer.body.decode() for answer in got] == [*wanted, "GET /last HTTP/1.1|"]


async def test_of_a_flood_of_requests_no_more_is_read_than_is_being_answered() -> None:
    read = Plain()
    async with scripted(echo) as behind, edge(behind.port, {"/hot": read}) as front:
        gate = read.hold()
        talk = await front.say()
        talk.writer.write(get("/hot") * 200_000)
        await until(lambda: read.asked)
        sizes = [-1]

        def is_stuck() -> bool:
            sizes.append(talk.writer.transport.get_write_buffer_size())
            return sizes[-1] == sizes[-2]

        await until(is_stuck, every_s=0.05)
        assert sizes[-1] > 1_000_000
        assert read.asked == 1
        gate.set_result([])
        assert (await talk.answer()).body == b"hot?"
        await until(lambda: read.asked > 1000)


async def test_a_hot_read_that_is_not_plain_is_handed_on_with_its_verdict() -> None:
    read = Plain()
    async with scripted(echo) as behind, edge(behind.port, {"/hot": read}) as front:
        talk = await front.say()
        for outcome in (VERDICT, None):
            read.outcome = outcome
            await talk.say(get("/hot?x"))
            assert (await talk.answer()).body == b"GET /hot?x HTTP/1.1|"
            sent = bytes(behind.received[0]).strip().rpartition(b": ")[2]
            passport = front.shared.passports.open(sent, front.shared.clock())
            assert passport is not None
            assert passport.verdict == (None if outcome is None else (True, 7, 60))
        assert front.lines == []


@pytest.mark.parametrize(
    "request_", [post(b"x", target="/hot"), get("/hot", method="HEAD"), get("/hot/"), get("/ho%74")]
)
async def test_what_is_not_of_the_table_is_handed_on(request_: bytes) -> None:
    read = Plain()
    async with scripted(echo) as behind, edge(behind.port, {"/hot": read}) as front:
        await (await front.say(request_)).answer("HEAD" if request_.startswith(b"HEAD") else "GET")
        assert (read.asked, behind.connections) == (0, 1)


@pytest.mark.parametrize("target", ["/hot", "/x"])
@pytest.mark.parametrize(
    ("version", "fields", "stays", "told"),
    [
        ("1.1", (), True, None),
        ("1.1", ("Connection: close",), False, "close"),
        ("1.1", ("Connection: Keep-Alive, CLOSE",), False, "close"),
        ("1.0", (), False, "close"),
        ("1.0", ("Connection: keep-alive",), True, "keep-alive"),
    ],
)
async def test_a_connection_stays_or_ends_as_was_asked(
    target: str, version: str, fields: tuple[str, ...], stays: bool, told: str | None
) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get(target, *fields, version=version))
        assert (await talk.answer()).headers.get("connection") == told
        await talk.say(get("/again", "Connection: close"))
        assert len(await talk.rest()) == stays


@pytest.mark.parametrize(
    ("answer", "body", "framing"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", b"abc", {"content-length": "3"}),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", {"content-length": "0"}),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x\r\na\r\n2\r\nbc\r\n0\r\nt: x\r\n\r\n",
            b"abc",
            {"transfer-encoding": "chunked"},
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", {}),
        (b'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', b"", {"etag": '"x"'}),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", b"", {"content-length": "9"}),
        (
            b"HTTP/1.1 299 Odd\r\ncontent-length: 1\r\nKeep-Alive: x\r\nconnection: a\r\na: b\r\n\r\nx",
            b"x",
            {"content-length": "1"},
        ),
    ],
)
async def test_every_framing_of_an_answer_is_understood(answer: bytes, body: bytes, framing: dict[str, str]) -> None:
    async with scripted(always(answer)) as behind, edge(behind.port) as front:
        talk = await front.say(get(), get())
        for _ in range(2):
            got = await talk.answer()
            assert (got.status, got.body) == (int(answer[9:12]), body)
            assert got.headers == framing
        assert behind.connections == 1


async def test_an_answer_to_a_head_has_a_length_and_no_body() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get(method="HEAD"), get("/next"))
        got = await talk.answer("HEAD")
        assert (got.headers["content-length"], got.body) == ("17", b"")
        assert (await talk.answer()).body == b"GET /next HTTP/1.1|"
        assert behind.connections == 1


async def test_an_answer_that_ends_with_its_connection_ends_the_clients() -> None:
    async with scripted(always(b"HTTP/1.1 200 OK\r\n\r\nabc", b"def")) as behind, edge(behind.port) as front:
        talk = await front.say(get(), get())
        got = await talk.answer()
        assert (got.body, got.headers) == (b"abcdef", {"connection": "close"})
        assert await talk.over() == b""


async def test_chunks_are_no_chunks_to_a_client_that_knows_none() -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    async with scripted(always(answer)) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", "Connection: keep-alive", version="1.0"))
        assert (await talk.over()).partition(b"\r\n\r\n")[2] == b"abc"


async def interim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says a few things before it answers, one of them when it is asked to."""
    while True:
        _, headers = await head_of(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        if headers.get("expect") == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await body_of(reader, headers)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


async def test_what_comes_before_an_answer_comes_too() -> None:
    async with scripted(interim) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", "Expect: 100-continue", "Content-Length: 5", method="PUT"))
        told = await talk.reader.readuntil(b"100 Continue\r\n\r\n")
        assert told == b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        await talk.say(b"hello")
        assert (await talk.answer()).body == b"hello"


async def test_nothing_comes_before_an_answer_to_a_client_that_knows_of_no_such_thing() -> None:
    async with scripted(interim) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", version="1.0"))
        assert (await talk.over()).startswith(b"HTTP/1.1 200 OK\r\n")


async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuses before the body has come."""
    await head_of(reader)
    writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
    await reader.read()


async def test_an_answer_before_the_body_has_come_ends_the_connection() -> None:
    async with scripted(hasty) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", "Content-Length: 1000000", method="PUT"), b"x" * 1000)
        got = await talk.answer()
        assert (got.status, got.body, got.headers["connection"]) == (413, b"no", "close")
        await talk.say(b"x" * 1000)
        assert await talk.over() == b""


async def test_connections_to_the_application_are_shared_and_no_more_than_so_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "OPEN", 3)
    gate = asyncio.Event()

    async def gated(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            line, _ = await head_of(reader)
            await gate.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(line), line.encode()))

    async with scripted(gated) as behind, edge(behind.port) as front:
        talks = [await front.say(get(f"/{n}")) for n in range(12)]
        await until(lambda: len(front.shared.connections) == 12)
        gate.set()
        got = [(await talk.answer()).body for talk in talks]
        assert got == [f"GET /{n} HTTP/1.1".encode() for n in range(12)]
        assert behind.connections == 3


async def test_who_waits_too_long_for_a_connection_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "OPEN", 1)
    monkeypatch.setattr(pool, "WAITING", 1)
    monkeypatch.setattr(pool, "WAIT_S", 0.1)

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with scripted(silent) as behind, edge(behind.port) as front:
        await front.say(get("/holds"))
        await until(lambda: behind.connections)
        for talk in [await front.say(get("/waits")), await front.say(get("/is-one-too-many"))]:
            got = await talk.answer()
            assert (got.status, got.headers["retry-after"]) == (503, "2")
