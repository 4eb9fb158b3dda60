"""All the cards of one author, when something about the author changed what they show."""

from app.cards.hydrate import BATCH, Hydrator
from app.core.cursors import Keyset
from app.ports.videos import Videos


class AuthorCards:
    """Renews them newest first, a piece at a time, for an author may have thousands."""

    def __init__(self, videos: Videos, hydrator: Hydrator) -> None:
        self._videos = videos
        self._hydrator = hydrator

    async def renew(self, user_id: str, after: Keyset | None) -> Keyset | None:
        """At most 200 of them after the given video; the last one, None at the end. Unavailable without the cache."""
        rows = await self._videos.by_author(user_id, after, BATCH)
        if rows:
            await self._hydrator.rebuild([row.video_id for row in rows], must_store=True)
        return Keyset(rows[-1].created_at, rows[-1].video_id) if len(rows) == BATCH else None
