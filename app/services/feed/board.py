"""The served lists of Trending, made from the ledger by a rule."""

from typing import Final

from app.cards import rules
from app.cards.page import Pages
from app.core.clock import Clock
from app.core.errors import Unavailable
from app.core.flight import SingleFlight
from app.core.metrics import FALLBACKS
from app.ports.trending import Ledger, TrendingLists
from app.services.feed.rule import Entries, Rule

KEEP: Final = 100
LEADERS: Final = 1000  # rows looked at per scope: what is hidden must not leave the list short
TTL_S: Final = 300


class Board:
    """Makes the lists and keeps them in the cache."""

    def __init__(self, rule: Rule, ledger: Ledger, lists: TrendingLists, pages: Pages, clock: Clock) -> None:
        self.rule = rule
        self._ledger = ledger
        self._lists = lists
        self._pages = pages
        self._clock = clock
        self._making: SingleFlight[str, Entries] = SingleFlight()

    async def read(self, scope: str) -> Entries:
        """The list, made now by one caller if there is none."""
        try:
            found = await self._lists.read(scope)
        except Unavailable:
            FALLBACKS.labels("trending").inc()
            found = None
        if found is not None:
            return found
        return await self._making.share(scope, lambda: self.make(scope))

    async def make(self, scope: str) -> Entries:
        """Scores the leaders of a scope, keeps the best hundred that everyone may see, and puts them in place."""
        ranked = await self.rule.best(scope, self._clock(), LEADERS)
        best: Entries = []
        for start in range(0, len(ranked), KEEP):
            batch = ranked[start : start + KEEP]
            cards = await self._pages.hydrator.cards([video_id for video_id, _ in batch])
            best += [entry for entry in batch if entry[0] in cards and rules.may_see(cards[entry[0]], None)]
            if len(best) >= KEEP:
                break
        # Whole scores that tie stand by id, as the cache will give them back.
        best = sorted(best[:KEEP], key=lambda entry: (entry[1], entry[0]), reverse=True)
        try:
            await self._lists.replace(scope, best, TTL_S)
        except Unavailable:
            FALLBACKS.labels("trending").inc()
        return best

    async def make_all(self) -> None:
        """Every list that has anything in it: the tick."""
        await self._ledger.fold()
        for scope in {"global", *await self.rule.scopes(self._clock())}:
            await self.make(scope)
