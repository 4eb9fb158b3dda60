"""People and videos for tests, made through the same doors and ports that the product uses."""

import itertools
import secrets
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from app.cards import viewer
from app.cards.viewer import ViewerState
from app.core import ids
from app.core.clock import system_ms
from app.ports.graph import Circle
from app.ports.reactions import RecentReactions
from app.ports.videos import MediaVersion, UploadPlan, Video
from app.services.video import lifecycle
from app.stores import Stores

_NUMBERS = itertools.count(1)
PASSWORD = "correct horse battery staple"


class Person(msgspec.Struct):
    """Somebody signed in: `headers` go with their requests."""

    user_id: str
    username: str
    headers: dict[str, str]
    tokens: dict[str, Any]


def fresh_name(stem: str = "p") -> str:
    """A user name nobody has, whatever other tests do."""
    return f"{stem}{next(_NUMBERS)}x{secrets.token_hex(4)}"


async def sign_up(client: httpx.AsyncClient, stem: str = "p", **more: Any) -> Person:
    """Registers somebody new."""
    name = fresh_name(stem)
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD} | more
    answer = await client.post("/api/v1/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    headers = {"authorization": f"Bearer {made['access_token']}"}
    return Person(made["user"]["user_id"], made["user"]["username"], headers, made)


def record(user_id: str, now_ms: int, **fields: Any) -> Video:
    """A record in `uploading`."""
    video = Video(
        video_id=ids.new("vid", now_ms),
        user_id=user_id,
        created_at=now_ms,
        updated_at=now_ms,
        title="A clip",
        upload=UploadPlan(1000, "video/mp4", now_ms + 3_600_000),
        reserved_bytes=1000,
    )
    return msgspec.structs.replace(video, **fields)


MEDIA = MediaVersion(
    attempt="a1",
    epoch=0,
    renditions=("360p", "720p"),
    thumbnails=tuple(f"thumbnails/{n}.jpg" for n in range(5)),
    poster=2,
    sprite="sprite.jpg",
    sprite_vtt="sprite.vtt",
    download="download.mp4",
    master="master.m3u8",
    dash="manifest.mpd",
    size_bytes=1,
)


async def make_video(stores: Stores, user_id: str, at_ms: int | None = None, **fields: Any) -> Video:
    """An active video with its facts in the outbox, as if it had been uploaded and processed; no files."""
    now_ms = at_ms or system_ms()
    video = record(user_id, now_ms, **fields)
    await stores.videos.create(video, quota_bytes=2**50)
    steps: tuple[Callable[[Video], lifecycle.Step], ...] = (
        lambda v: lifecycle.uploaded(v, "video/mp4", now_ms),
        lambda v: lifecycle.moderated(v, "approved", (), now_ms),
        lambda v: lifecycle.processed(v, MEDIA, 10_000, 720, 1280, now_ms),
    )
    for step in steps:
        next_, facts = step(video)
        video = await stores.videos.save(next_, events=facts)
    return video


def viewer_state(user_id: str, **sets: frozenset[str]) -> ViewerState:
    """Of a viewer with these bare ids in some sets of theirs."""
    named = {
        name: frozenset(f"vid_{bare}" if name in {"liked", "saved"} else f"usr_{bare}" for bare in sets.pop(name, ()))
        for name in ("liked", "saved", "following", "friends", "blocked", "muted")
    }
    assert not sets
    liked, saved = RecentReactions(named.pop("liked"), ""), RecentReactions(named.pop("saved"), "")
    state = viewer.unpack(user_id, viewer.pack(Circle(**named), liked, saved))
    assert state is not None
    return state
