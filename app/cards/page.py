"""A page of content in four steps: skeleton (ids in order), hydrate, rules, present.

Whoever has ids in order has a page: feeds, profiles, likes, saves, history and music differ only in their skeleton.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar, cast

import msgspec

from app.cards import present, rules
from app.cards.card import Card
from app.cards.hydrate import Hydrator
from app.cards.schemas import VideoCard
from app.cards.viewer import ViewerState
from app.core.clock import Clock

ROUNDS: Final = 5  # a short page is refilled at most this often; then it goes out short, with a cursor to go on

P = TypeVar("P")
Rule = Callable[[Card, ViewerState | None], bool]
Skeleton = Callable[[P | None, int], Awaitable[Sequence[tuple[P, str]]]]
"""(position after which to go on, how many) -> (position, video id) in order; fewer than asked means the true end."""


class Filled(msgspec.Struct, Generic[P]):
    """Cards in order with their positions, the position after the last one looked at, and whether there is more."""

    cards: list[Card]
    positions: list[P]
    after: P | None
    more: bool


class Pages:
    """Fills pages for a viewer and turns them into bytes."""

    def __init__(self, hydrator: Hydrator, media_secret: bytes, clock: Clock) -> None:
        self.hydrator = hydrator
        self._secret = media_secret
        self._clock = clock

    async def fill(
        self, viewer: ViewerState | None, skeleton: Skeleton[P], after: P | None, limit: int, rule: Rule = rules.may_see
    ) -> Filled[P]:
        """At most `limit` cards the viewer may see. The end is the source's, never a short page's."""
        kept: list[Card] = []
        positions: list[P] = []
        for _ in range(ROUNDS):
            wanted = limit - len(kept) + 1  # one more tells whether there is more
            rows = await skeleton(after, wanted)
            cards = await self.hydrator.cards([video_id for _, video_id in rows])
            for position, video_id in rows:
                card = cards.get(video_id)
                if card is not None and rule(card, viewer):
                    if len(kept) == limit:
                        return Filled(kept, positions, after, more=True)
                    kept.append(card)
                    positions.append(position)
                after = position
            if len(rows) < wanted:
                return Filled(kept, positions, after, more=False)
        return Filled(kept, positions, after, more=True)

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
