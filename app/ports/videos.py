"""The record of each video: PostgreSQL, or DynamoDB with three secondary indices."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from app.core.cursors import Keyset
from app.core.events import Event, Receipt
from hotpath.pure.records import Stored

Status = Literal["uploading", "processing", "active", "failed", "deleted"]
Moderation = Literal["pending", "approved", "rejected"]
Visibility = Literal["public", "friends", "private"]


class Location(msgspec.Struct, frozen=True):
    """Where it was filmed, at the precision the author chose. Others only ever see `name`."""

    lat: float
    lng: float
    name: str | None = None


class UploadPlan(msgspec.Struct, frozen=True):
    """What was declared at the start, and until when the file may arrive."""

    size_bytes: int
    content_type: str
    expires_at: int
    part_size_bytes: int | None = None
    parts: int = 0
    thumbnail_at_ms: int | None = None


class MediaVersion(msgspec.Struct, frozen=True):
    """The renditions that are live. Files lie under `attempt`; `epoch` grows with each change of visibility, so
    that every address handed out before stops working."""

    attempt: str
    epoch: int
    renditions: tuple[str, ...]
    thumbnails: tuple[str, ...]
    poster: int
    sprite: str
    sprite_vtt: str
    download: str
    master: str
    dash: str
    size_bytes: int

    @property
    def version(self) -> str:
        return f"{self.attempt}.{self.epoch}"


class Failure(msgspec.Struct, frozen=True):
    """Why processing gave up: `detail` is a sentence the author can act on."""

    code: str
    detail: str


class Video(msgspec.Struct, kw_only=True):
    """One record. `version` grows by one with each save; counts live beside it (`Counts`)."""

    video_id: str
    user_id: str
    created_at: int
    updated_at: int
    version: int = 0

    status: Status = "uploading"
    moderation_status: Moderation = "pending"
    moderation_flags: tuple[str, ...] = ()
    visibility: Visibility = "public"
    publish_at: int | None = None
    published_at: int | None = None  # first time active and not private; set once, announced once
    failure: Failure | None = None
    progress: int = 0  # 0–100, a hint; the job's heartbeat writes it

    title: str
    description: str = ""
    category: str = "other"
    hashtags: tuple[str, ...] = ()
    music_id: str | None = None
    effects: tuple[str, ...] = ()
    allow_comments: bool = True
    allow_duet: bool = True
    allow_stitch: bool = True
    location: Location | None = None

    duration_ms: int = 0
    width: int = 0
    height: int = 0
    upload: UploadPlan
    media: MediaVersion | None = None
    reserved_bytes: int = 0  # held against the author's quota until deleted or failed
    uploaded_at: int | None = None
    processing_started_at: int | None = None
    processed_at: int | None = None
    moderated_at: int | None = None
    deleted_at: int | None = None


class Counts(msgspec.Struct, frozen=True):
    """Numbers shown on a card: copies of what the other stores count, some seconds old."""

    views: int = 0
    likes: int = 0
    comments: int = 0
    shares: int = 0
    saves: int = 0


class VideoAndCounts(msgspec.Struct, frozen=True):
    video: Video
    counts: Counts
    counts_version: int  # grows whenever a count changes


class Videos(Protocol):
    """Lists are newest first by (time, video_id) and take the `Keyset` after which to go on, exclusive."""

    async def create(
        self,
        video: Video,
        *,
        quota_bytes: int,
        events: Sequence[Event] = (),
        receipt: Receipt | None = None,
    ) -> None:
        """Stores a new record and reserves `video.reserved_bytes`. Conflict `quota_exceeded` if the author's sum
        would pass `quota_bytes`; nothing is stored then."""

    async def get(self, video_id: str) -> VideoAndCounts | None:
        """The record whatever its status, or None."""

    async def get_many(self, video_ids: Sequence[str]) -> dict[str, VideoAndCounts]:
        """Those of at most 200 that exist, in one trip."""

    async def stored(self, video_ids: Sequence[str]) -> list[Stored]:
        """As `get_many`, each record and its counts as JSON with all their members (absent ones are defaults), in any
        order: what a card is made of, without an object for each member."""

    async def save(
        self,
        video: Video,
        *,
        events: Sequence[Event] = (),
        cause: str | None = None,
        receipt: Receipt | None = None,
    ) -> Video:
        """Writes the record if `video.version` is still the stored one and returns it with the next version;
        raises Stale otherwise and NotFound if absent. Quota follows `reserved_bytes`; the author's count of
        visible videos follows status and visibility. An applied `cause` returns the stored record unchanged."""

    async def by_author(self, user_id: str, after: Keyset | None, limit: int) -> list[Video]:
        """The author's videos that are not deleted, by (created_at, video_id)."""

    async def newest_by_authors(
        self, user_ids: Sequence[str], before_ms: int, per_author: int
    ) -> list[list[tuple[int, str]]]:
        """For each author of at most 1,000 the newest (published_at, video_id) of active, non-private videos
        published at or before `before_ms`; one list an author, in order of `user_ids`, empty ones kept."""

    async def newest_among(
        self, user_ids: Sequence[str], before_ms: int, per_author: int, limit: int
    ) -> list[tuple[int, str]]:
        """The newest `limit` of what `newest_by_authors` gives, newest first; pairs that need not be tuples."""

    async def fresh(self, after: Keyset | None, limit: int, category: str | None = None) -> list[tuple[int, str]]:
        """Active public videos by (published_at, video_id)."""

    async def by_music(self, music_id: str, after: Keyset | None, limit: int) -> list[tuple[int, str]]:
        """Active public videos with this music by (published_at, video_id)."""

    async def stalled(self, status: Status, before_ms: int, limit: int) -> list[Video]:
        """Videos in `status` whose `updated_at` is before `before_ms`, oldest first: what a sweep looks at."""

    async def due(self, now_ms: int, limit: int) -> list[Video]:
        """Processed and approved videos whose `publish_at` has come but which are not active yet."""

    async def set_counts(self, video_id: str, group: str, counts: dict[str, int], version: int) -> bool:
        """Copies absolute counts of one group (`reactions`: likes, comments, shares, saves; `views`: views).
        Applied only if `version` is newer than the group's last; returns whether it was."""

    async def authors_counts(self, user_ids: Sequence[str]) -> dict[str, int]:
        """Number of active, non-private videos of each author (absent means 0)."""

    async def reserved_bytes(self, user_id: str) -> int:
        """What the author's quota holds now."""

    async def find_receipt(self, scope: str, key: str) -> Receipt | None:
        """The stored answer of a creating POST, kept at least 24 hours."""
