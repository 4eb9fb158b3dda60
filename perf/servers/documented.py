"""The floor that most would build: plain Litestar, msgspec and redis-py, on the Redis layout of the document.

Three trips and 44 commands a page: the limit's counter with its expiry, and the session (with whom the viewer follows);
then ZREVRANGE of the feed; then for each of 20 videos HGETALL and whether the viewer likes it. It is as good as that
layout allows: pipelines without MULTI, a bounded pool, tokens verified once and then remembered, structs straight to
bytes. It asks neither blocks nor privacy, keeps no pages for a session and writes no log.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
import redis.asyncio as redis
from litestar import Litestar, Request, Response, get

from app.adapters.files.secrets import KeyFolder
from app.cards.schemas import MusicBrief, Place, Stats, UserBrief, UserInteraction, VideoCard
from app.core.clock import system_ms
from app.core.config import DAY_S
from app.core.tokens import Tokens

PAGE: Final = 20
LIMIT: Final = 1_000_000
WINDOW_S: Final = 60
CONNECTIONS: Final = 64
WAIT_S: Final = 5

_user = msgspec.json.Decoder(UserBrief).decode
_stats = msgspec.json.Decoder(Stats).decode
_urls = msgspec.json.Decoder(dict[str, str]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_place = msgspec.json.Decoder(Place | None).decode
_music = msgspec.json.Decoder(MusicBrief | None).decode


class Session(msgspec.Struct):
    """`session:{id}`."""

    following: set[str]


_session = msgspec.json.Decoder(Session).decode


class Page(msgspec.Struct):
    videos: list[VideoCard]
    next_page: int | None
    has_more: bool


def create_app(redis_url: str, keys: Path, issuer: str) -> Litestar:
    """The application over one Redis and the product's signing keys."""
    pool = redis.BlockingConnectionPool.from_url(redis_url, max_connections=CONNECTIONS, timeout=WAIT_S)
    cache = redis.Redis(connection_pool=pool)
    tokens = Tokens(KeyFolder(keys), issuer, longest_s=7 * DAY_S)

    @get("/api/v1/feed/for-you")
    async def for_you(request: Request[Any, Any, Any], page: int = 0) -> Response[Page]:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = tokens.verify(token, system_ms())
        first = cache.pipeline(transaction=False)
        first.incr(f"ratelimit:{claims.user_id}:feed")
        first.expire(f"ratelimit:{claims.user_id}:feed", WINDOW_S)
        first.get(f"session:{claims.session_id}")
        taken, _, session = await first.execute()
        if taken > LIMIT or session is None:
            return Response(Page([], None, False), status_code=401 if session is None else 429)
        start = page * PAGE
        video_ids: list[Any] = await cache.zrevrange(f"feed:{claims.user_id}", start, start + PAGE - 1)
        videos = cache.pipeline(transaction=False)
        for video_id in video_ids:
            videos.hgetall(b"video:" + video_id)
        for video_id in video_ids:
            videos.sismember(f"likes:{claims.user_id}", video_id)
        found = await videos.execute()
        count = len(video_ids)
        following = _session(session).following
        cards = [_card(found[place], bool(found[count + place]), following) for place in range(count)]
        return Response(Page(cards, page + 1, count == PAGE), headers={"cache-control": "private, no-store"})

    @get("/readyz", sync_to_thread=False)
    def ready() -> str:
        return "ok"

    return Litestar([for_you, ready], openapi_config=None, logging_config=None)


def hash_of(card: dict[str, Any]) -> dict[str, str]:
    """The documented `video:{id}` of a card, as this floor reads it: texts as they are, everything else as JSON."""
    fields = {name: value for name, value in card.items() if name != "user_interaction"}
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode() for name, value in fields.items()
    }


def _card(fields: dict[bytes, bytes], liked: bool, following: set[str]) -> VideoCard:
    user = _user(fields[b"user"])
    published_at = fields[b"published_at"]
    return VideoCard(
        video_id=fields[b"video_id"].decode(),
        user=user,
        title=fields[b"title"].decode(),
        description=fields[b"description"].decode(),
        category=fields[b"category"].decode(),
        hashtags=_texts(fields[b"hashtags"]),
        created_at=int(fields[b"created_at"]),
        published_at=None if published_at == b"null" else int(published_at),
        status=fields[b"status"].decode(),
        visibility=fields[b"visibility"].decode(),
        allow_comments=fields[b"allow_comments"] == b"true",
        allow_duet=fields[b"allow_duet"] == b"true",
        allow_stitch=fields[b"allow_stitch"] == b"true",
        width=int(fields[b"width"]),
        height=int(fields[b"height"]),
        location=_place(fields[b"location"]),
        urls=_urls(fields[b"urls"]),
        thumbnail_url=fields[b"thumbnail_url"].decode(),
        preview_sprite_url=fields[b"preview_sprite_url"].decode(),
        preview_vtt_url=fields[b"preview_vtt_url"].decode(),
        duration_sec=float(fields[b"duration_sec"]),
        stats=_stats(fields[b"stats"]),
        user_interaction=UserInteraction(liked, False, user.user_id in following),
        music=_music(fields[b"music"]),
    )
