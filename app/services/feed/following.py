"""Following, exact: what was pushed, what is pulled and, below what is kept, what the stores hold, as one keyset.

Every source gives (published at, id) descending after the same key, so that their merge is one order, whichever source
a video came from. A video that two of them hold counts once.
"""

from app.cards.viewer import ViewerState
from app.core.errors import Unavailable
from app.core.metrics import FALLBACKS
from app.ports.feeds import Feeds, FeedSlice
from app.services.feed.mix import Entry, newest
from app.services.feed.pulled import Pulled
from app.services.feed.sources import Sources


class Following:
    """Reads entries of Following feeds."""

    def __init__(self, feeds: Feeds, sources: Sources, pulled: Pulled) -> None:
        self._feeds = feeds
        self._sources = sources
        self._pulled = pulled

    async def read(self, viewer: ViewerState, *, upper: int, after: Entry | None, limit: int) -> list[Entry]:
        """At most `limit` entries after the given one; fewer only at the true end."""
        built = await self._built(viewer.user_id, upper, after, limit)
        creators = await self._pulled.creators(viewer)
        lists = [built.entries, *await self._pulled.lists(creators, upper=upper, after=after, limit=limit)]
        if len(built.entries) < limit and not built.whole:
            end = built.entries[-1] if built.entries else after
            lists.append(await self._sources.followed(viewer.user_id, limit, upper=upper, after=end))
        return newest(lists, limit)

    async def _built(self, user_id: str, upper: int, after: Entry | None, limit: int) -> FeedSlice:
        try:
            found = await self._feeds.read("following", user_id, upper=upper, after=after, limit=limit)
        except Unavailable:
            FALLBACKS.labels("feed").inc()
            found = None
        if found is not None:
            return found
        whole = await self._sources.built(user_id)
        entries = [entry for entry in whole.entries if entry[0] <= upper and (after is None or entry < after)]
        return FeedSlice(whole.generation, entries[:limit], whole.whole)
