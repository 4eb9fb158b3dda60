"""`RedisClient` over the thin connection of the process (`app.adapters.redis.pipe`), with redis-py behind it.

A call costs a tenth of what it costs by redis-py, and all that is asked in one turn of the loop goes out in one write.
Where the thin connection refuses, the call goes to redis-py. What was once sent is not sent again: who got no answer in
time is told so, as by redis-py, and nothing happens twice.
"""

from typing import Any

from redis import exceptions

from app.adapters.redis.client import TIMEOUT_S, RedisClient
from app.adapters.redis.pipe import Pipe
from app.core.errors import Unavailable
from hotpath.resp import ReplyError


class ThinClient(RedisClient):
    """For calls that do not block in the server: they would hold up everybody behind them."""

    def __init__(self, url: str, pipe: Pipe, *, timeout_s: float = TIMEOUT_S) -> None:
        """`pipe` leads to the same database and does not give whole arrays; whoever opened it closes it."""
        super().__init__(url, timeout_s=timeout_s)
        self._pipe = pipe

    async def _send(self, packed: bytes, replies: int) -> list[Any]:
        try:
            waiter = self._pipe.ask(packed, replies)
        except Unavailable:
            return await super()._send(packed, replies)
        try:
            answers = await waiter
        except Unavailable:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return _translated(answers)


def _translated(replies: list[Any]) -> list[Any]:
    """With errors as redis-py gives them, those within the reply of a transaction too."""
    for reply in replies:
        kind = type(reply)
        if kind is ReplyError or (kind is list and ReplyError in set(map(type, reply))):
            return [_translated_one(each) for each in replies]
    return replies


def _translated_one(reply: Any) -> Any:
    if type(reply) is list and ReplyError in set(map(type, reply)):
        return [_translated_one(one) for one in reply]
    if type(reply) is not ReplyError:
        return reply
    if reply.code == "NOSCRIPT":
        return exceptions.NoScriptError(str(reply))
    return exceptions.ResponseError(str(reply))
