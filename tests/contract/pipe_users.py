"""People who use a thin client, and look whether what they get is theirs."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import hiredis

from app.adapters.redis.pipe import Pipe
from app.core.errors import Unavailable
from tests.waiting import until

TIMEOUT_S: Final = 0.4
LATENESS_S: Final = 0.6  # of our own loop, on a machine that does other things
USERS: Final = 50


def packed(*commands: tuple[str | bytes | int, ...]) -> bytes:
    return b"".join(hiredis.pack_command(command) for command in commands)  # type: ignore[arg-type]  # says a 1-tuple


async def is_up(pipe: Pipe) -> None:
    """Returns once it answers again."""

    async def answers() -> bool:
        try:
            return bool(await pipe.ask(packed(("ECHO", "back")), 1) == [b"back"])
        except Unavailable:
            return False

    await until(answers, 8, every_s=0.01)


class Crowd:
    """People who ask for their own data over and over, and look whether it is theirs."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.served = self.refused = self.aborted = 0
        self.longest_s = 0.0
        self.open = True

    async def move_in(self) -> None:
        for user in range(USERS):
            data = [f"{user}:{row}" for row in range(3)]
            commands = packed(
                ("SET", f"user:{user}", f"mark {user}"), ("DEL", f"list:{user}"), ("RPUSH", f"list:{user}", *data)
            )
            await self.pipe.ask(commands, 3)

    async def ask(self, user: int, number: int) -> None:
        commands = packed(("ECHO", f"{user}/{number}"), ("GET", f"user:{user}"), ("LRANGE", f"list:{user}", 0, -1))
        began_s = time.monotonic()
        try:
            replies = await self.pipe.ask(commands, 3)
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        except Unavailable:
            self.refused += 1
            await asyncio.sleep(0.001)  # as somebody who was told so would
        else:
            data = [f"{user}:{row}".encode() for row in range(3)]
            assert replies == [f"{user}/{number}".encode(), f"mark {user}".encode(), data]
            self.served += 1
        finally:
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)

    async def live(self, user: int) -> None:
        number = 0
        while self.open:
            number += 1
            await self.ask(user, number)

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        await self.move_in()
        people = [asyncio.create_task(self.live(user)) for user in range(USERS)]
        yield
        self.open = False
        await asyncio.gather(*people)

    async def abort(self, aborts: int, dice: random.Random) -> None:
        """Requests given up at random points, among others that aren't."""
        number = 0
        while self.aborted < aborts:
            requests = [asyncio.create_task(self.ask(dice.randrange(USERS), number + n)) for n in range(100)]
            number += 100
            while any(not request.done() for request in requests):
                for request in dice.sample(requests, 25):
                    request.cancel()
                for _ in range(dice.randrange(3)):
                    await asyncio.sleep(0)
            outcomes = await asyncio.gather(*requests, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {type(None), asyncio.CancelledError}
