"""Rows by COPY, for data sets that no event announces: a seed, never a request.

Each store is loaded in one transaction, counts together with the rows they count, so that nobody sees a part of it and
no count is wrong for a moment.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import msgspec

from app.adapters.postgres.counts import slot_of
from app.adapters.postgres.pool import connection, open_pool, to_time
from app.ports.accounts import NewAccount, Session
from app.ports.users import User
from app.ports.videos import Counts, Video

ROWS_AT_ONCE: Final = 10_000  # far from the statement timeout, and a step of a progress bar
COPY_TIMEOUT_S: Final = 60.0

Told = Callable[[str, int, int], object]
"""What is being written, rows done, rows in all."""

Row = tuple[object, ...]

_USER: Final = "user_id user_no username display_name bio avatar verified country created_at updated_at"
_SESSION: Final = "session_id user_id created_at last_seen_at expires_at user_agent ip revoked_at"
_VIDEO: Final = (
    "video_id user_id version status moderation_status visibility category music_id created_at updated_at publish_at"
    " published_at processed_at reserved_bytes"
)
_REACTIONS: Final = ("likes", "comments", "shares", "saves")


class Follow(msgspec.Struct, frozen=True):
    follower: User
    followed_id: str
    at: int


class Like(msgspec.Struct, frozen=True):
    user_id: str
    video: Video
    at: int


class Tally(msgspec.Struct, array_like=True, frozen=True):
    """What one scope of the trending ledger has counted of one video."""

    scope: str
    video_id: str
    published_at: int
    views: int
    likes: int
    shares: int


class Bulk:
    """Writes into one store, within one transaction."""

    def __init__(self, conn: asyncpg.Connection, told: Told) -> None:
        self._conn = conn
        self._told = told

    async def user_numbers(self, count: int) -> list[int]:
        """So many numbers that no user has."""
        rows = await self._conn.fetch("SELECT nextval('social.user_no')::integer FROM generate_series(1, $1)", count)
        return [row[0] for row in rows]

    async def accounts(self, accounts: Sequence[NewAccount]) -> None:
        """People who may sign in, each with one of `user_numbers`. Their names and addresses must be free."""
        ids = [account.user.user_id for account in accounts]
        secrets = [(account.user.user_id, account.email, account.password_hash) for account in accounts]
        await self._copy("users", "social.users", _USER, [_timed(account.user, _USER) for account in accounts])
        names = [(account.username_key, user_id) for account, user_id in zip(accounts, ids, strict=True)]
        await self._copy("names", "social.usernames", "username_key user_id", names)
        addresses = [(account.email_key, user_id) for account, user_id in zip(accounts, ids, strict=True)]
        await self._copy("addresses", "social.emails", "email_key user_id", addresses)
        await self._copy("credentials", "social.credentials", "user_id email password_hash", secrets)

    async def sessions(self, sessions: Sequence[Session]) -> None:
        """Sign-ins without a refresh token: they end when their access token does."""
        await self._copy("sessions", "social.sessions", _SESSION, [_timed(session, _SESSION) for session in sessions])

    async def follows(self, follows: Sequence[Follow]) -> None:
        """Edges in both directions, and their counts."""
        edges = [(edge.follower.user_id, edge.followed_id, True, to_time(edge.at)) for edge in follows]
        await self._copy("follows", "social.follows", "user_id other_id active created_at", edges)
        back = [(f.followed_id, f.follower.user_id, f.follower.user_no, to_time(f.at)) for f in follows]
        await self._copy("followers", "social.followers", "user_id follower_id follower_no created_at", back)
        counts: Counter[tuple[str, str, int]] = Counter()
        for edge in follows:
            slot = slot_of(edge.follower.user_id)
            counts[edge.followed_id, "followers", slot] += 1
            counts[edge.follower.user_id, "following", slot] += 1
        await self._counts(counts)

    async def likes(self, likes: Sequence[Like]) -> None:
        """Likes of videos, their counts, and what their authors received."""
        rows = [(like.user_id, "like", like.video.video_id, True, to_time(like.at)) for like in likes]
        await self._copy("likes", "social.reactions", "user_id kind video_id active created_at", rows)
        counts: Counter[tuple[str, str, int]] = Counter()
        for like in likes:
            counts[like.video.video_id, "likes", slot_of(like.user_id)] += 1
            counts[like.video.user_id, "likes_received", slot_of(like.user_id)] += 1
        await self._counts(counts)

    async def videos(self, videos: Sequence[Video], reactions: Mapping[str, tuple[Counts, int]]) -> None:
        """Records, what their authors hold, and the copies of counts: by video id the counts and their version."""
        names = _VIDEO.split()
        rows = [(*(getattr(video, name) for name in names), video) for video in videos]
        await self._copy("videos", "video.videos", f"{_VIDEO} document", rows)
        held: Counter[str] = Counter()
        visible: Counter[str] = Counter()
        for video in videos:
            held[video.user_id] += video.reserved_bytes
            visible[video.user_id] += video.status == "active" and video.visibility != "private"
        authors = [(user_id, held[user_id], visible[user_id]) for user_id in sorted(held)]
        await self._copy("authors", "video.authors", "user_id reserved_bytes visible_videos", authors)
        copies = [
            (video_id, "reactions", version, {name: getattr(counts, name) for name in _REACTIONS})
            for video_id, (counts, version) in reactions.items()
        ]
        await self._copy("copies", "video.counts", "video_id grp version numbers", copies)

    async def tallies(self, tallies: Sequence[Tally]) -> None:
        """Rows of the trending ledger."""
        columns = "scope video_id published_at views likes shares"
        await self._copy("trending", "activity.trending_ledger", columns, [msgspec.structs.astuple(t) for t in tallies])

    async def _counts(self, counts: Mapping[tuple[str, str, int], int]) -> None:
        rows = [(subject, noun, slot, n, n) for (subject, noun, slot), n in counts.items()]  # a version a change
        await self._copy("counts", "social.counts", "subject noun slot n version", rows)

    async def _copy(self, words: str, table: str, columns: str, rows: Sequence[Row]) -> None:
        schema, name = table.split(".")
        for start in range(0, len(rows), ROWS_AT_ONCE):
            chunk = rows[start : start + ROWS_AT_ONCE]
            await self._conn.copy_records_to_table(
                name, schema_name=schema, columns=columns.split(), records=chunk, timeout=COPY_TIMEOUT_S
            )
            self._told(words, start + len(chunk), len(rows))


@asynccontextmanager
async def loading(url: str, told: Told) -> AsyncIterator[Bulk]:
    """One transaction on a connection of its own, committed at the end. Raises Unavailable."""
    pool = await open_pool(url, size=1, application_name="kinora seed")
    try:
        async with connection(pool) as conn, conn.transaction():
            yield Bulk(conn, told)
    finally:
        await pool.close()


def _timed(row: User | Session, columns: str) -> Row:
    """The struct's fields in the order of the columns, its times as the database takes them."""
    fields = ((name, getattr(row, name)) for name in columns.split())
    return tuple(to_time(value) if name.endswith("_at") and value is not None else value for name, value in fields)
