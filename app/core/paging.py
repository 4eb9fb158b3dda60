"""Filling a page from a source of which the reader may not see everything.

The end is the source's, never a short page's: a page that came out short is refilled, and after five rounds it goes out
short with a position to go on from.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

ROUNDS: Final = 5

P = TypeVar("P")  # a position in the source
R = TypeVar("R")  # a row of the source
T = TypeVar("T")  # what a page shows of it

Source = Callable[[P | None, int], Awaitable[Sequence[tuple[P, R]]]]
"""(position after which to go on, how many) -> rows with their positions, in order; fewer than asked: the true end."""

Choose = Callable[[Sequence[R]], Awaitable[Sequence[T | None]]]
"""Rows -> what to show of each, in the same order; None for what this reader may not see."""


class Filled(msgspec.Struct, Generic[P, T]):
    """What to show, with its positions; the position after the last row looked at; and whether there may be more."""

    items: list[T]
    positions: list[P]
    after: P | None
    more: bool


async def fill(source: Source[P, R], choose: Choose[R, T], after: P | None, limit: int) -> Filled[P, T]:
    """At most `limit` items from `after` on. Asks for one row more than is wanted, to know whether there is more."""
    page: Filled[P, T] = Filled([], [], after, more=True)
    for _ in range(ROUNDS):
        wanted = limit - len(page.items) + 1
        rows = await source(page.after, wanted)
        chosen = await choose([row for _, row in rows])
        for (position, _), item in zip(rows, chosen, strict=True):
            if item is not None:
                if len(page.items) == limit:
                    return page
                page.items.append(item)
                page.positions.append(position)
            page.after = position
        if len(rows) < wanted:
            page.more = False
            return page
    return page
