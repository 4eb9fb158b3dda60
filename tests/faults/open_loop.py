"""Requests at a steady rate, whatever becomes of the earlier ones: a slow service is asked no less.

A request's time counts from when it was due, not from when it could be sent: waiting in line is part of it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import msgspec

MOST_AT_ONCE = 2_000  # beyond that the service is so far behind that waiting longer shows nothing

Ask = Callable[[int], Awaitable[httpx.Response]]


class Answer(msgspec.Struct, frozen=True):
    """What became of one request; times are seconds of the monotonic clock."""

    number: int
    due_s: float
    took_s: float
    status: int
    said: str  # by one that is not 200


async def steadily(ask: Ask, per_s: float, stop: asyncio.Event, *, together: int = 1) -> list[Answer]:
    """Asks `per_s` times a second, so many at one time, with the number of the request, until `stop`; all answers, by
    their arrival."""
    answers: list[Answer] = []
    began_s = time.monotonic()
    async with asyncio.TaskGroup() as tasks:

        async def one(number: int, due_s: float) -> None:
            answer = await ask(number)
            said = "" if answer.status_code == 200 else answer.text
            answers.append(Answer(number, due_s, time.monotonic() - due_s, answer.status_code, said))

        number = 0
        while not stop.is_set():
            due_s = began_s + number // together * together / per_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))  # the rate is the subject
            if number - len(answers) > MOST_AT_ONCE:
                raise AssertionError(f"{number - len(answers)} requests are unanswered")
            tasks.create_task(one(number, due_s))
            number += 1
    return answers
