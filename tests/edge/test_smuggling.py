"""What parsers disagree about, over sockets: a problem document, the end of the connection, and nothing behind it."""

import msgspec
import pytest

from app.core.passport import HEADER
from tests.edge.behind import echo, scripted
from tests.edge.front import edge, get, post
from tests.edge.shapes import REFUSED


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_refused_and_what_stands_behind_it_reaches_nobody(name: str) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        got = await front.answers(get("/before"), REFUSED[name] + get("/smuggled") + get("/hot?smuggled"))
        assert [answer.status for answer in got] == [200, 400]
        assert not any(b"smuggled" in data for data in behind.received)
        refused = got[1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["connection"] == "close"
        problem = msgspec.json.decode(refused.body)
        assert (problem["status"], problem["code"], problem["title"]) == (400, "invalid", "Bad Request")
        assert problem["request_id"] == refused.headers["x-request-id"]
        assert len(front.lines) == 1
        assert b'" 400 ' in front.lines[0]


async def test_a_body_that_turns_bad_has_no_answer_of_the_application() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        head = get("/x", "Transfer-Encoding: chunked", method="POST")
        talk = await front.say(head, b"3\r\nabc\r\n", b"2;x\r\n", get("/smuggled"))
        assert (await talk.answer()).status == 400
        assert await talk.over() == b""
        assert not any(b"smuggled" in data for data in behind.received)


async def test_what_looks_like_a_request_in_a_body_is_a_body() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        inner = get("/inner") + get("/hot")
        got = await front.answers(post(inner), get("/next", "Connection: close"))
        assert [answer.body for answer in got] == [b"POST /x HTTP/1.1|" + inner, b"GET /next HTTP/1.1|"]


async def test_the_application_is_sent_one_framing_of_the_edges_own() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        chunks = b"00003\r\nabc\r\n2\r\nde\r\n000\r\n\r\n"
        answer = await (await front.say(get("/x", "transfer-ENCODING: Chunked", method="PUT"), chunks)).answer()
        assert answer.body == b"PUT /x HTTP/1.1|abcde"
        sent = bytes(behind.received[0])
        assert b"00003" not in sent
        assert sent.count(b"transfer-encoding: chunked\r\n") == 1
        assert b"content-length" not in sent


async def test_nobody_gives_himself_a_passport() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        passport = front.shared.passports.issue("192.0.2.1", 1, front.shared.clock(), None).decode()
        await (await front.say(get("/x", f"X-Kinora-Edge: {passport}", "Connection: x-kinora-edge"))).answer()
        assert bytes(behind.received[0]).lower().count(HEADER) == 1
        assert passport.encode() not in behind.received[0]


@pytest.mark.parametrize(
    "forwarded", ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "X-Real-IP: 192.0.2.1"]
)
async def test_the_passport_says_whom_the_edge_talks_to_whatever_is_forwarded(forwarded: str) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        talk = await front.say(get("/x", forwarded))
        await talk.answer()
        sent = bytes(behind.received[0]).rpartition(HEADER + b": ")[2].strip()
        passport = front.shared.passports.open(sent, front.shared.clock())
        assert passport is not None
        assert (passport.host, passport.port) == talk.writer.get_extra_info("sockname")


@pytest.mark.parametrize(
    ("request_", "status"),
    [(get("/x", *[f"A{n}: b" for n in range(100)]), 431), (get("/" + "x" * 20_000), 431)],
)
async def test_too_large_heads_are_refused(request_: bytes, status: int) -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        got = await front.answers(request_ + get("/smuggled"))
        assert [answer.status for answer in got] == [status]
        assert behind.connections == 0


async def test_a_head_that_never_ends_is_refused_when_it_is_too_large() -> None:
    async with scripted(echo) as behind, edge(behind.port) as front:
        got = await front.answers(get("/x")[:-2], *[b"A: b\r\n"] * 99, b"A: " + b"x" * 20_000)
        assert [answer.status for answer in got] == [431]
