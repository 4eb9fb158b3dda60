"""Events that could not be handled. See `app.ports.outbox`."""

import asyncio
import secrets

from app.core.events import Event, event
from app.ports.bus import Delivered, Outgoing
from app.ports.outbox import DeadLetter, DeadLetters


def delivered(of: Event) -> Delivered:
    return Delivered("1-0", Outgoing("video", 1, of))


def an_event(**data: object) -> Event:
    return event("video.changed", "vid_1", 7, **data)


async def of_group(dead_letters: DeadLetters, group: str) -> list[DeadLetter]:
    return [letter for letter in await dead_letters.all(100_000) if letter.group == group]


async def test_a_letter_keeps_the_event_whole(dead_letters: DeadLetters) -> None:
    group, of = secrets.token_hex(8), an_event(text="\U0001f353 \x00 \\u0000", nested={"b": [1.5, None], "a": 2**53})
    await dead_letters.put(group, delivered(of), "KeyError: 'x'", 1_800_000_000_000)
    (letter,) = await of_group(dead_letters, group)
    assert letter == DeadLetter(letter.letter_id, group, of, "KeyError: 'x'", 1_800_000_000_000)


async def test_an_event_is_kept_once_for_each_group(dead_letters: DeadLetters) -> None:
    one, other, of = secrets.token_hex(8), secrets.token_hex(8), an_event()
    await asyncio.gather(*(dead_letters.put(one, delivered(of), "error", 1) for _ in range(4)))
    await dead_letters.put(other, delivered(of), "error", 1)
    assert len(await of_group(dead_letters, one)) == 1
    assert len(await of_group(dead_letters, other)) == 1


async def test_no_error_is_too_strange_to_be_kept(dead_letters: DeadLetters) -> None:
    group = secrets.token_hex(8)
    await dead_letters.put(group, delivered(an_event()), "bad\x00byte " + "x" * 1_000_000, 1)
    (letter,) = await of_group(dead_letters, group)
    assert letter.error.startswith("bad\ufffdbyte xxx")
    assert len(letter.error) < 10_000


async def test_letters_are_listed_oldest_first(dead_letters: DeadLetters) -> None:
    group, events = secrets.token_hex(8), [an_event() for _ in range(3)]
    for of in events:
        await dead_letters.put(group, delivered(of), "error", 1)
    letters = await of_group(dead_letters, group)
    assert [letter.event for letter in letters] == events
    assert len(await dead_letters.all(2)) == 2
    await dead_letters.request_replay([letter.letter_id for letter in letters])
    assert await dead_letters.wanted(group, 2) == letters[:2]


async def test_a_letter_is_replayed_until_it_is_settled(dead_letters: DeadLetters) -> None:
    group = secrets.token_hex(8)
    for _ in range(2):
        await dead_letters.put(group, delivered(an_event()), "error", 1)
    first, second = await of_group(dead_letters, group)
    assert await dead_letters.wanted(group, 10) == []
    assert await dead_letters.request_replay([first.letter_id, second.letter_id, -1]) == 2
    assert await dead_letters.wanted(group, 10) == [first, second]
    assert await dead_letters.wanted(secrets.token_hex(8), 10) == []
    await dead_letters.settle(first.letter_id, None)
    await dead_letters.settle(second.letter_id, "another\x00error")
    assert await dead_letters.wanted(group, 10) == []
    (kept,) = await of_group(dead_letters, group)
    assert (kept.letter_id, kept.error) == (second.letter_id, "another\ufffderror")


async def test_naming_none_replays_all(dead_letters: DeadLetters) -> None:
    one, other = secrets.token_hex(8), secrets.token_hex(8)
    for group in (one, other):
        await dead_letters.put(group, delivered(an_event()), "error", 1)
    assert await dead_letters.request_replay([]) >= 2
    assert len(await dead_letters.wanted(one, 10)) == len(await dead_letters.wanted(other, 10)) == 1
