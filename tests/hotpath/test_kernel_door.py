import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotpath.pure.door import ABANDONED, LIMITS_KEPT

PATH, NOW_MS = "/feed", 1_999
TRACE = b"0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = (b"traceparent", b"00-" + TRACE + b"-b7ad6b7169203331-01")
NAMES = [b"authorization", b"accept-encoding", b"if-none-match", b"traceparent", b"content-length"]
NAMES += [b"transfer-encoding", b"host", b"authorisation", b"", b"Authorization"]


class Twin(NamedTuple):
    door: ModuleType
    notes: ModuleType


TWINS = [
    Twin(*(import_module(f"{package}.{name}") for name in Twin._fields)) for package in ("hotpath", "hotpath.pure")
]
both = pytest.mark.parametrize("twin", TWINS, ids=["c", "py"])


class World:
    """A door with one path in front of an application, and everything that happens there."""

    def __init__(self, twin: Twin, come_to: Callable[[Any], Any] | None = None) -> None:
        """What is asked is answered with what `come_to` makes of a good answer."""
        self.twin = twin
        self.sent: list[Any] = []
        self.asked: list[Any] = []
        self.behind: list[Any] = []
        self.handed_on: list[Any] = []
        self.watched: list[Any] = []
        self.swallows = self.refuses = False
        self.replies: Awaitable[Any] | None = None  # None: nothing is asked
        self.lines = twin.notes.Lines(lambda second: b"%d" % second)
        self.series = twin.notes.Series((1.0,))
        world, self.good = self, twin.door.Answer(200, [(b"a", b"b")], b"body", b"usr_1", 7)

        class Read:
            def ask(self, query: bytes, fields: Any, host: str) -> Any:
                world.asked.append((query, fields.authorization, host))
                return None if world.replies is None else (world.replies, "told")

            def answer(self, asked: Any, replies: list[Any]) -> Any:
                assert (asked, replies) == ("told", [1])
                return world.good if come_to is None else come_to(world.good)

        class Door(twin.door.Door):  # type: ignore[misc, name-defined]
            async def settled(self, path: str, scope: Any, asked: Any, outcome: Any) -> Any:
                assert (path, asked) == (PATH, "told")
                return world.good if outcome == "settle" else outcome

            def failed(self, error: Exception) -> None:
                if not world.swallows:
                    raise error

            async def handed_on(self, scope: Any, receive: Any, send: Any, outcome: Any, began_s: float) -> None:
                world.handed_on.append(outcome)

            def limits(self, path: str, remaining: int) -> Any:
                world.watched.append(remaining)
                return [(b"left", b"%d" % remaining)]

            def line(self, path: str, http_version: str) -> bytes:
                world.watched.append(http_version)
                return f"{path} {http_version}".encode()

        record = twin.notes.Record(lambda: NOW_MS, self, lambda *_: self)
        self.door = Door(self.app, record, {PATH: Read()})

    def begun(self) -> None:
        """Nothing is taken before a test takes it."""

    async def app(self, scope: Any, receive: Any, send: Any) -> str:
        self.behind.append((scope, receive, send))
        return "behind"

    async def receive(self) -> Any:
        raise AssertionError("nothing is read")

    async def send(self, message: Any) -> None:
        if self.refuses:
            raise ConnectionError
        self.sent.append(message)

    async def ask(self, *headers: tuple[bytes, bytes], **changes: Any) -> Any:
        scope = {"path": PATH, "method": "GET", "query_string": b"q=1", "headers": list(headers)}
        scope |= {"client": ("127.0.0.1", 9), "http_version": "1.1"} | changes
        return await self.door(
            {name: value for name, value in scope.items() if value is not None}, self.receive, self.send
        )


async def replied() -> list[int]:
    await asyncio.sleep(0)  # as a trip is: the request waits
    return [1]


def answered(twin: Twin, come_to: Callable[[Any], Any] | None = None) -> World:
    world = World(twin, come_to)
    world.replies = replied()
    return world


@both
async def test_an_answer_is_sent_and_noted(twin: Twin) -> None:
    world = answered(twin)
    await world.ask((b"authorization", b"me"), TRACEPARENT)

    assert world.asked == [(b"q=1", b"me", "127.0.0.1")]
    assert world.sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"a", b"b"), (b"x-request-id", TRACE), (b"left", b"7")],
        },
        {"type": "http.response.body", "body": b"body"},
    ]
    assert world.lines.take() == b'127.0.0.1 - usr_1 [1] "/feed 1.1" 200 4\n'
    assert world.series.take()[0] == [1, 0]


@both
@pytest.mark.parametrize("changes", [{"path": "/other"}, {"method": "HEAD"}, {"path": None}, {"method": None}])
async def test_what_is_not_in_the_table_is_the_applications(twin: Twin, changes: dict[str, Any]) -> None:
    world = answered(twin)

    assert await world.ask(**changes) == "behind"
    assert world.behind[0][1:] == (world.receive, world.send)
    assert (world.asked, world.lines.take()) == ([], b"")
    assert world.replies is not None
    await world.replies


@both
async def test_whoever_can_not_be_answered_is_handed_on(twin: Twin) -> None:
    not_plain = World(twin)
    await not_plain.ask((b"content-length", b"1"))
    assert (not_plain.asked, not_plain.handed_on) == ([], [None])
    nothing_to_ask = World(twin)
    await nothing_to_ask.ask()
    assert (len(nothing_to_ask.asked), nothing_to_ask.handed_on) == (1, [None])
    counted = answered(twin, lambda _: "counted")
    await counted.ask()
    assert (counted.sent, counted.handed_on, counted.lines.take()) == ([], ["counted"], b"")


@both
async def test_an_outcome_may_be_settled(twin: Twin) -> None:
    world = answered(twin, lambda _: "settle")
    await world.ask()

    assert (len(world.sent), world.handed_on) == (2, [])


@both
async def test_an_error_is_told_or_handed_on(twin: Twin) -> None:
    def fail(_: Any) -> None:
        raise LookupError

    loud, quiet = answered(twin, fail), answered(twin, fail)
    with pytest.raises(LookupError):
        await loud.ask()
    quiet.swallows = True
    await quiet.ask()
    assert (loud.handed_on, quiet.handed_on) == ([], [None])


@both
async def test_who_leaves_while_waiting_is_noted(twin: Twin) -> None:
    world = World(twin)
    world.replies = asyncio.get_running_loop().create_future()
    asking = asyncio.ensure_future(world.ask())
    await asyncio.sleep(0)  # it waits from now on
    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert world.lines.take() == b'127.0.0.1 - - [1] "/feed 1.1" %d 0\n' % ABANDONED
    assert (world.sent, world.handed_on) == ([], [])


@both
async def test_an_answer_that_nobody_takes_is_noted(twin: Twin) -> None:
    world = answered(twin)
    world.refuses = True

    with pytest.raises(ConnectionError):
        await world.ask()
    assert world.lines.take() == b'127.0.0.1 - usr_1 [1] "/feed 1.1" 200 0\n'


@both
async def test_what_many_answers_have_in_common_is_made_once(twin: Twin) -> None:
    world = World(twin)
    for version in ("1.1", "1.0", "1.1"):
        world.replies = replied()
        await world.ask(http_version=version)
    assert world.watched == [7, "1.1", "1.0"]
    world.watched.clear()
    for remaining in (*range(LIMITS_KEPT + 8), 0, LIMITS_KEPT + 7):
        world.good, world.replies = twin.door.Answer(200, [], b"", b"-", remaining), replied()
        await world.ask()
    asked_for = [left for left in world.watched if type(left) is int]
    assert asked_for == [*(left for left in range(LIMITS_KEPT + 8) if left != 7), LIMITS_KEPT + 7]  # 7 was kept


@both
@pytest.mark.parametrize(("client", "name"), [(None, b"-"), ((), b"-"), (("::1", 2), b"::1"), (("\xe9", 2), b"\\xe9")])
async def test_whom_it_talks_to_is_in_the_log(twin: Twin, client: Any, name: bytes) -> None:
    world = answered(twin)
    await world.ask(client=client)

    assert world.lines.take().startswith(name + b" - usr_1 [1]")


@both
def test_fields_are_plain_unless_said_otherwise(twin: Twin) -> None:
    fields = twin.door.Fields(b"a", None, b"c")
    assert (fields.authorization, fields.accept_encoding, fields.if_none_match) == (b"a", None, b"c")
    assert (fields.traceparent, fields.plain) == (None, True)


@given(headers=st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=4)), max_size=8))
def test_both_find_the_same_fields(headers: list[tuple[bytes, bytes]]) -> None:
    one, other = (twin.door.fields_of(headers) for twin in TWINS)

    for name in ("authorization", "accept_encoding", "if_none_match", "traceparent", "plain"):
        assert getattr(one, name) == getattr(other, name), name
