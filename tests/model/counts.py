"""Every number that is shown of somebody or of a video, compared with what people did."""

import msgspec

from app.stores import Stores
from tests.model.model import Model


async def compare_counts(stores: Stores, model: Model) -> None:
    """All of them, once everything has settled."""
    follows = await stores.graph.counts(model.people)
    likes = await stores.reactions.total_likes(model.people)
    videos = await stores.videos.authors_counts(model.people)
    for one in model.people:
        counts = follows.get(one)
        found = (counts.followers, counts.following) if counts else (0, 0)
        edges = model.edges["follow"]
        assert found == (sum(other == one for _, other in edges), sum(other == one for other, _ in edges))
        films = [film for film in model.films.values() if film.author == one]
        received = sum(len(film.likes) for film in films)
        assert likes.get(one, 0) == received
        assert videos.get(one, 0) == sum(not film.deleted and film.visibility != "private" for film in films)
    records = await stores.videos.get_many(list(model.films)[:200])
    for film in model.films.values():
        stored = records[film.video_id].counts
        assert msgspec.to_builtins(stored) == film.numbers
