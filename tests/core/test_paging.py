"""Pages filled from a source with hidden rows: no repeat, no skip, and no end before the source's."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.paging import ROUNDS, fill


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7))
@settings(deadline=None)
async def test_pages_hold_what_may_be_seen_once_and_in_order(visible: list[bool], limit: int) -> None:
    asked = 0

    async def source(after: int | None, count: int) -> list[tuple[int, int]]:
        nonlocal asked
        asked += 1
        start = 0 if after is None else after + 1
        return [(n, n) for n in range(start, min(start + count, len(visible)))]

    async def choose(rows: Sequence[int]) -> list[int | None]:
        return [n if visible[n] else None for n in rows]

    seen: list[int] = []
    after: int | None = None
    more = True
    while more:
        asked = 0
        page = await fill(source, choose, after, limit)
        assert len(page.items) <= limit
        assert asked <= ROUNDS
        assert page.items == page.positions
        if page.more:
            assert page.after is not None
            assert len(page.items) == limit or asked == ROUNDS
        seen += page.items
        after, more = page.after, page.more
    assert seen == [n for n, shown in enumerate(visible) if shown]
