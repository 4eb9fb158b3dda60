"""What is handed on comes back as it was given: order, framing, interim answers, and no answer that is not whole."""

import asyncio

from tests.edge.behind import echo, scripted
from tests.edge.front import edge, get, post


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
        got = await front.answers(*[get(target) for target in asked], get("/last", "Connection: close"))
        wanted = [f"hot?{n}" if n % 3 else f"GET /x?{n} HTTP/1.1|" for n in range(30)]
        assert [answer.body.decode() for answer in got] == [*wanted, "GET /last HTTP/1.1|"]
        got = await front.answers(b"".join(map(get, asked)) + get("/last", "Connection: close"))
        assert [answer.body.decode() for answer in got] == [*wanted, "GET /last HTTP/1.1|"]
        await asyncio.sleep(0)
