"""Faults to be planted: each makes the running product wrong in one thing that the feeds' contract rests on. The
product knows nothing of them.

They are what the machine is measured by: it must find each one (`test_bugs.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any, Final
from unittest.mock import patch

import msgspec

from app.adapters.postgres import activity, graph
from app.adapters.postgres.switches import Switch
from app.adapters.redis.feeds import RedisFeeds
from app.cards import rules
from app.cards.card import Card
from app.cards.hydrate import Hydrator
from app.cards.refresh import Refresh
from app.cards.viewer import ViewerState
from app.core import events, ids, paging
from app.core.errors import BadCursor
from app.core.paging import Choose, Filled, Source
from app.ports.feeds import Kind
from app.ports.tiers import Standing
from app.services.feed import following, reads, roster, tiers
from app.services.feed.active import CountActive
from app.services.feed.circles import KeepFollowing
from app.services.feed.following import Following
from app.services.feed.position import Position
from app.services.feed.reads import FeedReads
from app.services.feed.schemas import FeedPage

Planted = Callable[[], AbstractContextManager[object]]
BUGS: Final[dict[str, Planted]] = {}


def bug(plant: Planted) -> Planted:
    """Names a fault by its function."""
    BUGS[plant.__name__] = plant
    return plant


async def _there(feeds: RedisFeeds, kind: Kind, user_ids: Sequence[str]) -> list[str]:
    """Those whose feed is built or being built."""
    found = await feeds._client.pipeline([("EXISTS", f"{kind}:{user_id}") for user_id in user_ids])
    return [user_id for user_id, exists in zip(user_ids, found, strict=True) if exists]


def _each(followers: bytes) -> list[str]:
    text = followers.decode()
    return [text[first : first + ids.ID_BYTES] for first in range(0, len(text), ids.ID_BYTES)]


# Fan-out


@bug
def push_into_an_absent_feed() -> AbstractContextManager[object]:
    """A push makes the feed that it finds missing: one video looks like a whole feed."""
    push = RedisFeeds.push

    async def making(self: RedisFeeds, kind: Kind, followers: bytes, *args: Any) -> int:
        there = await _there(self, kind, _each(followers))
        for user_id in set(_each(followers)) - set(there):
            await self.build(kind, user_id, "pushed", [])
        return await push(self, kind, followers, *args)

    return patch.object(RedisFeeds, "push", making)


@bug
def push_below_the_end_of_a_cut_feed() -> AbstractContextManager[object]:
    """What is older than all that a cut feed keeps is added to it, as if nothing lay between."""
    push = RedisFeeds.push

    async def anywhere(
        self: RedisFeeds, kind: Kind, followers: bytes, nos: Sequence[int], video_id: str, score: int, *args: Any
    ) -> int:
        added = await push(self, kind, followers, nos, video_id, score, *args)
        there = await _there(self, kind, _each(followers))
        await self._client.pipeline([("ZADD", f"{kind}:{one}", "NX", score, video_id) for one in there])
        return added

    return patch.object(RedisFeeds, "push", anywhere)


@bug
def backfill_beyond_the_tail() -> AbstractContextManager[object]:
    """A follow adds an author's videos below the end of a cut feed."""
    add = RedisFeeds.add

    async def all_of_it(self: RedisFeeds, kind: Kind, user_id: str, entries: Sequence[Any], *, whole: bool) -> int:
        added = await add(self, kind, user_id, entries, whole=whole)
        for one in await _there(self, kind, [user_id]):
            await self._client.pipeline([("ZADD", f"{kind}:{one}", "NX", *entry) for entry in entries] or [("PING",)])
        return added

    return patch.object(RedisFeeds, "add", all_of_it)


@bug
def no_backfill() -> AbstractContextManager[object]:
    """A follow brings only what is published after it."""

    async def nothing(*_: object) -> None:
        return

    return patch.object(KeepFollowing, "__call__", nothing)


@bug
def crossing_without_overlap() -> AbstractContextManager[object]:
    """A creator changes tiers as if every built feed had been pushed to before."""
    crossed = tiers.crossed

    def abruptly(*args: Any) -> Standing | None:
        to = crossed(*args)
        return to and msgspec.structs.replace(to, selective_until=0, pull_until=0)

    return patch.object(tiers, "crossed", abruptly)


@bug
def crossing_unheard_of() -> AbstractContextManager[object]:
    """Who serves goes on with the tiers that it met first."""
    return patch.object(roster, "BELIEVED_MS", 2**60)


@bug
def arrivals_keep_their_feeds() -> AbstractContextManager[object]:
    """Who becomes active keeps a feed that was not pushed to."""

    async def settle(self: CountActive, run: str, now_ms: int) -> None:
        await self._active.welcome(await self._active.settle(run, now_ms))

    return patch.object(CountActive, "settle", settle)


@bug
def fan_out_is_the_authority() -> AbstractContextManager[object]:
    """What was pushed is shown, whether or not the follow still stands."""
    return patch.dict(reads.RULES, {"following": rules.wants})


# Pages


@bug
def filter_after_paging() -> AbstractContextManager[object]:
    """A page is cut first and filtered then; one that came out short is taken for the last."""

    async def fill(source: Source[Any, Any], choose: Choose[Any, Any], after: Any, limit: int) -> Filled[Any, Any]:
        rows = await source(after, limit)
        chosen = zip(rows, await choose([row for _, row in rows]), strict=True)
        kept = [(position, item) for (position, _), item in chosen if item is not None]
        after = rows[-1][0] if rows else after
        return Filled([item for _, item in kept], [position for position, _ in kept], after, len(kept) == limit)

    return patch.object(paging, "fill", fill)


@bug
def the_end_of_the_cache_is_the_end() -> AbstractContextManager[object]:
    """Below what a cut feed keeps, nothing is looked for."""
    built = Following._built

    async def whole(*args: Any) -> Any:
        return msgspec.structs.replace(await built(*args), whole=True)

    return patch.object(Following, "_built", whole)


@bug
def cursor_is_not_the_sort_key() -> AbstractContextManager[object]:
    """Pages go on from when a video was made; the list is sorted by something else."""

    def after(self: Position) -> tuple[int, str] | None:
        return (ids.made_at_ms(self.video_id), self.video_id) if self.video_id else None

    return patch.object(Position, "after", property(after))


@bug
def ties_are_lost() -> AbstractContextManager[object]:
    """Pages go on below the last score: who shares it is passed over."""

    def after(self: Position) -> tuple[int, str] | None:
        return (self.score, "") if self.video_id else None

    return patch.object(Position, "after", property(after))


@bug
def expired_cursor_is_the_end() -> AbstractContextManager[object]:
    """A cursor that can't be opened answers an empty last page."""
    page = FeedReads.page

    async def forgiving(*args: Any) -> FeedPage:
        try:
            return await page(*args)
        except BadCursor:
            return FeedPage(msgspec.Raw(b"[]"), None, None, False, [])  # type: ignore[arg-type]  # bytes behind the type

    return patch.object(FeedReads, "page", forgiving)


@bug
def merge_without_dedupe() -> AbstractContextManager[object]:
    """What was both pushed and pulled is shown twice."""

    def merged(lists: Sequence[Sequence[Any]], limit: int) -> list[Any]:
        return sorted((entry for each in lists for entry in each), reverse=True)[:limit]

    return patch.object(following, "newest", merged)


# Who sees what


@bug
def visibility_not_checked() -> AbstractContextManager[object]:
    """Everything that is active and not blocked is shown."""

    def may_see(card: Card, viewer: ViewerState | None) -> bool:
        return card.active and (viewer is None or card.author_id[4:] not in viewer.blocked)

    return patch.object(rules, "may_see", may_see)


@bug
def blocks_work_one_way() -> AbstractContextManager[object]:
    """Who was blocked still sees who blocked them."""
    one_way = graph.CIRCLE.replace("AND active", "AND active AND kind <> 'block_by'")
    return patch.object(graph, "CIRCLE", one_way)


@bug
def deleted_cards_stay() -> AbstractContextManager[object]:
    """A deleted video's card is left in the cache."""
    rebuild = Hydrator.rebuild

    async def of_the_living(self: Hydrator, video_ids: Sequence[str], **more: Any) -> Any:
        records = await self._videos.get_many(video_ids)
        living = [video_id for video_id, record in records.items() if record.video.status != "deleted"]
        return await rebuild(self, living, **more)

    return patch.object(Hydrator, "rebuild", of_the_living)


@bug
def viewers_blob_goes_stale() -> AbstractContextManager[object]:
    """After a write what the cache holds of a viewer stays until the event has come."""

    async def nothing(*_: object) -> None:
        return

    return patch.object(Refresh, "viewers", nothing)


# Numbers


@bug
@contextmanager
def no_dedup() -> Iterator[None]:
    """An event that comes again has its effect again."""
    number = count()
    with patch.object(events, "cause", lambda of, group: f"{of.event_id}/{group}/{next(number)}"):
        yield


@bug
def late_wishes_win() -> AbstractContextManager[object]:
    """A toggle that was overtaken undoes the newer one."""
    flip = Switch.flip

    async def by_arrival(self: Switch, *args: Any, **named: Any) -> bool:
        return await flip(self, *args, **(named | {"op_seq": None}))

    return patch.object(Switch, "flip", by_arrival)


@bug
def every_view_counts() -> AbstractContextManager[object]:
    """A viewer counts as often as they watch."""
    return patch.object(activity, "COUNT_AGAIN_AFTER_MS", 0)
