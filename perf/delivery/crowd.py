"""A celebrity, small creators, their followers and their built feeds, loaded in bulk: rows by SQL, feeds by COPY."""

from typing import Any, Final

import asyncpg
import msgspec

from app.adapters.redis.client import RedisClient
from app.core import ids
from app.core.clock import system_ms
from app.core.events import Event, event
from app.ports.feeds import Kind
from app.ports.videos import UploadPlan, Video
from app.stores import Stores
from perf.delivery.scale import Scale

CELEBRITY: Final = "usr_" + "C".ljust(26, "0")
COPIES: Final = 500  # in one trip
MINUTE_MS: Final = 60_000
VIDEO_COLUMNS: Final = (
    *("video_id", "user_id", "version", "status", "moderation_status", "visibility", "category", "created_at"),
    *("updated_at", "published_at", "processed_at", "reserved_bytes", "document"),
)

# A creator's followers are spread over everybody by a stride that shares no factor with any round number of users.
_FOLLOWERS: Final = """
    INSERT INTO social.followers (user_id, follower_id, follower_no, created_at)
    SELECT creator.id, 'usr_' || lpad(no::text, 26, '0'), no, now()
    FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS creator (id, followers, place)
    CROSS JOIN LATERAL (
        SELECT ((place * 7919 + k::bigint * 104729) % $3 + 1)::int AS no
        FROM generate_series(1, creator.followers) k
    ) f"""
_COUNTS: Final = """
    INSERT INTO social.counts (subject, noun, slot, n)
    SELECT id, 'followers', 0, followers FROM unnest($1::text[], $2::int[]) AS creator (id, followers)"""
_EMIT: Final = """
    INSERT INTO video.outbox (event_id, type, key, occurred_at, data)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[])"""


def user(number: int) -> str:
    """The id of a user."""
    return f"usr_{number:026d}"


def small(number: int) -> str:
    """The id of a small creator."""
    return f"usr_S{number:025d}"


def middling(number: int) -> str:
    """The id of a creator between the limits."""
    return f"usr_M{number:025d}"


def audience(place: int, creators: int) -> int:
    """Followers of the small creator at this place, from 1: a power law of exponent 1/2, 40 on average, 999 at most."""
    return min(999, int(20 * (creators / place) ** 0.5))


async def load_graph(conn: asyncpg.Connection, scale: Scale) -> None:
    """Everybody follows the celebrity; the others have their audiences."""
    places = range(1, scale.creators + 1)
    crowds = {
        CELEBRITY: scale.followers,
        **{small(place): min(scale.followers, audience(place, scale.creators)) for place in places},
        **{middling(number): scale.middling_followers for number in range(scale.middling)},
    }
    await conn.execute(_FOLLOWERS, list(crowds), list(crowds.values()), scale.followers, timeout=300)
    await conn.execute(_COUNTS, list(crowds), list(crowds.values()))
    await conn.execute("VACUUM ANALYZE social.followers", timeout=300)


async def load_feeds(stores: Stores, client: RedisClient, scale: Scale) -> None:
    """Every `step`-th user has both feeds, as a build would have left them: full, and cut."""
    now_ms = system_ms()
    sizes: dict[Kind, int] = {"following": scale.entries, "feed": scale.for_you}
    for kind, size in sizes.items():
        times_ms = [now_ms - rank * MINUTE_MS for rank in range(1, size + 1)]
        entries = [(at_ms, ids.new("vid", at_ms)) for at_ms in times_ms]
        await stores.feeds.build(kind, "template", "0" * 16, entries, whole=False)
        built = range(scale.step, scale.followers + 1, scale.step)
        for first in range(0, len(built), COPIES):
            copies = [("COPY", f"{kind}:template", f"{kind}:{user(n)}") for n in built[first : first + COPIES]]
            await client.pipeline(copies)


async def publish(conn: asyncpg.Connection, authors: list[str]) -> list[Event]:
    """One more video of each author, and its fact in the outbox, all committed at once."""
    now_ms = system_ms()
    videos = [_video(author_id, now_ms) for author_id in authors]
    facts = [
        event("video.published", video.video_id, now_ms, video_id=video.video_id, user_id=video.user_id)
        for video in videos
    ]
    async with conn.transaction():
        await conn.copy_records_to_table(
            "videos", schema_name="video", columns=VIDEO_COLUMNS, records=[_row(video) for video in videos]
        )
        await conn.execute(
            _EMIT,
            [fact.event_id for fact in facts],
            [fact.type for fact in facts],
            [fact.key for fact in facts],
            [fact.occurred_at for fact in facts],
            [msgspec.json.encode(fact.data).decode() for fact in facts],
        )
    return facts


def _video(author_id: str, now_ms: int) -> Video:
    return Video(
        video_id=ids.new("vid", now_ms),
        user_id=author_id,
        created_at=now_ms,
        updated_at=now_ms,
        published_at=now_ms,
        processed_at=now_ms,
        title="A clip",
        status="active",
        moderation_status="approved",
        visibility="public",
        upload=UploadPlan(0, "video/mp4", now_ms),
        reserved_bytes=0,
    )


def _row(video: Video) -> tuple[Any, ...]:
    document = msgspec.json.encode(video).decode()
    return *(getattr(video, column) for column in VIDEO_COLUMNS[:-1]), document
