"""The I/O of a page: cards and the viewer's state, in batches, from the cache or, where it has none, from the stores.

The cache is a convenience: without it a page costs more and shows the same.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from app.cards import card as cards_format
from app.cards import present
from app.cards import viewer as viewer_format
from app.cards.card import Card
from app.cards.viewer import RECENT, ViewerState
from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.ports.cards import ReadCards, Viewers
from app.ports.graph import Graph
from app.ports.invalidations import Hear
from app.ports.music import Music, Musics
from app.ports.reactions import Reactions
from app.ports.users import Users
from app.ports.videos import VideoAndCounts, Videos
from hotpath import shelf
from hotpath.pure.records import Author

BATCH: Final = 200  # what a store's get_many takes


class Hydrator:
    """Gets what a page shows, and keeps the cache as the stores say."""

    def __init__(
        self,
        cards: ReadCards,
        viewers: Viewers,
        videos: Videos,
        users: Users,
        musics: Musics,
        graph: Graph,
        reactions: Reactions,
    ) -> None:
        self._cards = cards
        self._viewers = viewers
        self._videos = videos
        self._users = users
        self._musics = musics
        self._graph = graph
        self._reactions = reactions
        self._listeners: list[Hear] = []

    def listen(self, hear: Hear) -> None:
        """Calls `hear` for every card that a write of this process renews, before that write is answered: what is
        heard of all processes (`app.ports.invalidations`) comes a moment later."""
        self._listeners.append(hear)

    async def cards(self, video_ids: Sequence[str]) -> dict[str, Card]:
        """The cards of at most 200 videos; a video that does not exist has none."""
        try:
            cached = await self._cards.get_many(video_ids)
        except Unavailable:
            FALLBACKS.labels("cards").inc()
            cached = [None] * len(video_ids)
        found = {
            video_id: card
            for video_id, raw in zip(video_ids, cached, strict=True)
            if raw is not None and (card := cards_format.unpack(video_id, raw))
        }
        missing = [video_id for video_id in video_ids if video_id not in found]
        return found | present.taken_apart(await self._build(missing)) if missing else found

    def at_hand(self, video_ids: list[str]) -> list[shelf.Entry | None] | None:
        """The cards as `taken_in` gives them, where that needs nobody to be asked; else None."""
        return self._cards.at_hand(video_ids)

    async def taken_in(self, video_ids: list[str]) -> list[shelf.Entry | None]:
        """The cards of any number of videos as `cards` finds them, in the order asked: for kernels that ask little of
        hundreds, a tenth of the work."""
        if (held := self.at_hand(video_ids)) is not None:
            return held
        try:
            found = await self._cards.fetch([*map(str.encode, video_ids)])
        except Unavailable:
            FALLBACKS.labels("cards").inc()
            found = [None] * len(video_ids)
        if all(found):
            return found
        missing = [video_id for video_id, entry in zip(video_ids, found, strict=True) if entry is None]
        if len(missing) <= BATCH:  # most often: no task for it
            made = await self._build(missing)
        else:
            batches = [missing[first : first + BATCH] for first in range(0, len(missing), BATCH)]
            built = await asyncio.gather(*(self._build(batch) for batch in batches))
            made = {video_id: raw for raws in built for video_id, raw in raws.items()}
        return [
            entry or (shelf.Entry(video_id.encode(), made[video_id]) if video_id in made else None)
            for video_id, entry in zip(video_ids, found, strict=True)
        ]

    async def rebuild(self, video_ids: Sequence[str], *, must_store: bool = False) -> None:
        """Makes the cards of changed videos anew, and tells who keeps something made of the old ones.

        A cache that is away is passed over, unless they `must_store`: then Unavailable, and an event comes again.
        """
        await self._build(video_ids, must_store=must_store)
        for hear in self._listeners:
            hear(video_ids)

    async def _build(self, video_ids: Sequence[str], *, must_store: bool = False) -> dict[str, bytes]:
        """Makes cards from the records and stores them: the one function that writes `card:` and `video:`."""
        rows = await self._videos.stored(video_ids)
        if not rows:
            return {}
        authors, pieces = await self._beside({row[1] for row in rows}, {row[2] for row in rows})
        made, hashes = present.made(rows, authors, pieces)
        try:
            await self._cards.put_many(made, hashes)
        except Unavailable:
            if must_store:
                raise
            FALLBACKS.labels("cards").inc()
        return made

    async def of_author(self, records: Sequence[VideoAndCounts]) -> dict[str, Card]:
        """Cards as their author sees them, in whatever state the records are; straight from the stores."""
        videos = [record.video for record in records]
        authors, pieces = await self._beside({video.user_id for video in videos}, {video.music_id for video in videos})
        return present.own(records, authors, pieces)

    async def _beside(
        self, user_ids: set[str], music_ids: set[str | None]
    ) -> tuple[dict[str, Author], dict[str, Music]]:
        """What stands beside videos on their cards: authors, and pieces of music."""
        people = self._users.authors(sorted(user_ids))
        if named := sorted(music_id for music_id in music_ids if music_id):
            return await asyncio.gather(people, self._musics.get_many(named))
        return await people, {}  # as most are: no question to the store

    async def viewer(self, user_id: str | None) -> ViewerState | None:
        """The viewer's state; None for an anonymous visitor."""
        if user_id is None:
            return None
        fence: int | None = None
        try:
            blob, fence = await self._viewers.get(user_id)
        except Unavailable:
            FALLBACKS.labels("viewer").inc()
            blob = None
        state = viewer_format.unpack(user_id, blob) if blob is not None else None
        return state or await self._rebuild_viewer(user_id, fence)

    async def _rebuild_viewer(self, user_id: str, fence: int | None) -> ViewerState:
        circle, liked, saved = await asyncio.gather(
            self._graph.circle(user_id),
            self._reactions.recent("like", user_id, RECENT),
            self._reactions.recent("save", user_id, RECENT),
        )
        blob = viewer_format.pack(circle, liked, saved)
        if fence is not None:
            try:
                await self._viewers.put(user_id, blob, fence)
            except Unavailable:
                FALLBACKS.labels("viewer").inc()
        state = viewer_format.unpack(user_id, blob)
        if state is None:
            raise ValueError("A blob just packed must unpack.")
        return state

    async def older(self, viewer: ViewerState | None, video_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Likes and saves of videos too old for the blob: a second trip, rarely needed."""
        unsure = viewer.unsure(video_ids) if viewer else []
        if not viewer or not unsure:
            return {}
        liked, saved = await asyncio.gather(
            self._reactions.reacted("like", viewer.user_id, unsure),
            self._reactions.reacted("save", viewer.user_id, unsure),
        )
        return {"like": liked, "save": saved}
