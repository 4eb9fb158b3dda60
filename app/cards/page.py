"""A page of content in four steps: skeleton (ids in order), hydrate, rules, present.

Whoever has ids in order has a page: feeds, profiles, likes, saves, history and music differ only in their skeleton.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

import msgspec

from app.cards import present, rules
from app.cards.card import Card
from app.cards.hydrate import Hydrator
from app.cards.schemas import VideoCard
from app.cards.viewer import ViewerState
from app.core import media_urls, paging
from app.core.clock import Clock
from app.core.paging import Filled, Source
from hotpath import pages as kernel

_PREFIX: Final = media_urls.public_prefix().encode()

P = TypeVar("P")
Rule = Callable[[Card, ViewerState | None], bool]
Skeleton = Source[P, str]
"""Video ids in order, with their positions."""


class Pages:
    """Fills pages for a viewer and turns them into bytes."""

    def __init__(self, hydrator: Hydrator, media_secret: bytes, clock: Clock) -> None:
        self.hydrator = hydrator
        self._secret = media_secret
        self._clock = clock

    async def fill(
        self, viewer: ViewerState | None, skeleton: Skeleton[P], after: P | None, limit: int, rule: Rule = rules.may_see
    ) -> Filled[P, Card]:
        """At most `limit` cards the viewer may see."""

        async def choose(video_ids: Sequence[str]) -> list[Card | None]:
            cards = await self.hydrator.cards(video_ids)
            found = [cards.get(video_id) for video_id in video_ids]
            return [card if card is not None and rule(card, viewer) else None for card in found]

        return await paging.fill(skeleton, choose, after, limit)

    async def at_once(
        self, viewer: ViewerState, video_ids: list[str], limit: int, *, followed: bool
    ) -> list[VideoCard] | None:
        """The first `limit` of these as `render` gives them, by one kernel, where a feed may offer the viewer every one
        (one of whom they follow, if it must be `followed`) and it is plain how: as nearly always. Else None."""
        entries = await self.hydrator.taken_in(video_ids)
        bare_id = viewer.user_id[4:].encode()
        body = kernel.page(entries, viewer.blob, bare_id, followed, limit, present.FLAGS, _PREFIX, b"", b"")
        return None if body is None else cast("list[VideoCard]", msgspec.Raw(body))

    async def render(
        self, cards: Sequence[Card], viewer: ViewerState | None, extras: Sequence[bytes] = ()
    ) -> list[VideoCard]:
        """The page's JSON array. Typed as what it is to a client; in fact bytes that msgspec copies as they are.

        `extras` are further members for each card, as JSON that begins with a comma.
        """
        older = await self.hydrator.older(viewer, [card.video_id for card in cards])
        body = present.splice(cards, viewer, older, self._secret, self._clock(), extras)
        return cast("list[VideoCard]", msgspec.Raw(body))

    async def one(self, card: Card, viewer: ViewerState | None) -> VideoCard:
        """A single card's JSON, likewise."""
        array = cast("msgspec.Raw", await self.render([card], viewer))
        return cast("VideoCard", msgspec.Raw(bytes(array)[1:-1]))
