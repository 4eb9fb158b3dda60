"""Requests with bytes changed, lost, doubled and cut anywhere: answered or closed in time, and nothing invented."""

import asyncio
from collections.abc import Sequence

import h11
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from app.core.passport import HEADER
from app.edge import patience
from tests.edge.behind import echo, head_of, scripted
from tests.edge.front import Got, edge, get, post
from tests.edge.shapes import REFUSED

GOOD: Sequence[bytes] = (
    get("/hot"),
    get("/x"),
    post(b"hello"),
    get("/x", "Transfer-Encoding: chunked", method="PUT") + b"3\r\nabc\r\n0\r\n\r\n",
    get("/hot?a=b", "Connection: close"),
    get("/x", "Expect: 100-continue", "Content-Length: 2", method="PUT") + b"ok",
    get("/x", "Upgrade: websocket", "Connection: Upgrade"),
    get("/x", version="1.0"),
)
SEEDS = st.sampled_from(GOOD) | st.sampled_from(GOOD) | st.sampled_from([*REFUSED.values()])
BYTES = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b",", b"\xff", b"0", b";", b"a", b"\r\n\r\n", b"Content-Length: 3\r\n"]
)


@st.composite
def mutated(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> list[bytes]:
    """These bytes with a few changes, in pieces."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 6)))
        data[at:end] = draw(st.one_of(BYTES, st.just(b""), st.just(bytes(data[at:end]) * 2), st.binary(max_size=4)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    return [bytes(data[start:end]) for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def streams() -> st.SearchStrategy[list[bytes]]:
    """A few requests behind each other, mutated."""
    return mutated(st.lists(SEEDS, min_size=1, max_size=3).map(b"".join))


async def asked(pieces: list[bytes]) -> tuple[list[Got], list[bytes]]:
    """What is answered, and what the application was sent; nobody is waited for long."""
    with pytest.MonkeyPatch.context() as hasty:
        for name in ("IDLE_S", "HEAD_S", "BODY_S"):
            hasty.setattr(patience, name, 0.1)
        return await _asked(pieces)


async def _asked(pieces: list[bytes]) -> tuple[list[Got], list[bytes]]:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(*pieces)
        # One more, behind all: it is either answered last, or the connection ended before it.
        await talk.say(get("/last", "Connection: close"))
        got = []
        async with asyncio.timeout(10):
            while True:
                try:
                    got.append(await talk.answer())
                except ConnectionError:
                    break
        return got, [bytes(data) for data in behind.received]


def judge(pieces: list[bytes], got: list[Got], sent: list[bytes]) -> None:
    """Every answer is to something that was asked, in its order, and a refusal is the last."""
    whole = b"".join(pieces)
    for number, answer in enumerate(got):
        assert answer.status in (200, 400, 408, 431, 502)
        if answer.status != 200:
            assert number == len(got) - 1
            assert answer.headers["connection"] == "close"
    answered = [answer for answer in got if answer.status == 200]
    # So many request lines were there at most, however a fuzzer read it.
    assert len(answered) <= whole.count(b" HTTP/1.") + 1
    hot = [answer for answer in answered if answer.body.startswith(b"hot?")]
    assert len(hot) <= whole.count(b"GET /hot")
    handed_on = [request for data in sent for request in requests_in(data)]
    assert len(handed_on) >= len(answered) - len(hot)
    for request in handed_on:
        assert b"%b %b" % (request.method, request.target) in whole + b"GET /last"
        assert sum(name == HEADER for name, _ in request.headers) == 1


def requests_in(data: bytes) -> list[h11.Request]:
    """What the application's side was sent, as another parser understands it: nothing but requests, the last of which
    may lack an end."""
    found = []
    while data:
        parser = h11.Connection(h11.SERVER)
        parser.receive_data(data)
        while (event := parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                found.append(event)
        data = parser.trailing_data[0] if event is h11.PAUSED else b""
    return found


@given(pieces=streams())
@how(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_requests_are_answered_or_refused(pieces: list[bytes]) -> None:
    judge(pieces, *asyncio.run(asked(pieces)))


@pytest.mark.long
@given(pieces=streams())
@how(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_many_mutated_requests_are_answered_or_refused(pieces: list[bytes]) -> None:
    judge(pieces, *asyncio.run(asked(pieces)))


ANSWERS: Sequence[bytes] = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 2\r\na: b\r\n\r\nno",
)


@given(data=mutated(st.sampled_from(ANSWERS)))
@how(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_answer_is_whole_or_broken_off(data: list[bytes]) -> None:
    asyncio.run(answered(data))


@pytest.mark.long
@given(data=mutated(st.sampled_from(ANSWERS)))
@how(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_many_mutated_answers_are_whole_or_broken_off(data: list[bytes]) -> None:
    asyncio.run(answered(data))


async def answered(pieces: list[bytes]) -> None:
    """One request, answered with these bytes and the end of the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async with scripted(serve) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", "Connection: close"))
        try:
            got = await talk.answer()
        except (ConnectionError, h11.RemoteProtocolError):
            return  # there was no whole one
    if got.status == 502:
        return
    understood = as_another_parser_has_it(b"".join(pieces))
    assert understood in (None, (got.status, got.body))


def as_another_parser_has_it(data: bytes) -> tuple[int, bytes] | None:
    """Status and body of an answer that ends with its connection; None for what it is stricter about: names of statuses
    and the like. Raises AssertionError for one that is not whole."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data.lstrip(b"\r\n"))  # an empty line or two may come first
    parser.receive_data(b"")
    status, body = 0, b""
    try:
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            status = event.status_code if isinstance(event, h11.Response) else status
            body += bytes(event.data) if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError as error:
        if "closed" in str(error):
            raise AssertionError(error) from None
        return None
    return status, body
