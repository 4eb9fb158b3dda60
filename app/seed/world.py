"""A made-up community: who follows whom and who likes what, with the skew of real ones. Pure, but for fresh ids.

How much attention people and videos get falls off as a power of their rank (Adamic & Huberman 2002, "Zipf's law and the
internet"): a few are followed by a good part of everybody, most by hardly anyone.
"""

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import msgspec

from app.core import ids
from app.core.clock import DAY_MS, HOUR_MS
from app.ports.users import User
from app.ports.videos import MediaVersion, UploadPlan, Video

CATEGORIES: Final = ("art", "comedy", "dance", "music", "nature", "science", "sport", "travel")
COUNTRIES: Final = ("US", "GB", "DE", "FR", "BR", "JP", "IN", "NG")
FOLLOWS: Final = 30  # by one person, on average; up to twice that
LIKES: Final = 15
SKEW: Final = 0.8  # the exponent
HEAD: Final = 10  # ranks that are nearly equal: no single one is followed by everybody
DAYS: Final = 30  # over which the videos were published
JOINED_DAYS: Final = 365  # over which people joined, the last of them ten days before the first video
SEED: Final = 20_260_101

_TEXT: Final = (
    "morning light over a slow river and the small boats that never leave it behind while somebody counts waves "
    "until evening comes with music from the other bank and everyone stays for one more song"
)
_WORDS: Final = _TEXT.split()


class World(msgspec.Struct, frozen=True):
    """Indices count from 0 in `users` and `videos`, which are ordered by time, the oldest first."""

    users: list[User]
    videos: list[Video]
    authors: list[int]  # by video
    follows: list[list[int]]  # by user: whom
    likes: list[list[int]]  # by user: which videos, none of their own


def make(name: str, numbers: Sequence[int], videos: int, now_ms: int) -> World:
    """A world of `len(numbers)` people, called `name` and a number; the same one for the same sizes, ids aside."""
    dice = random.Random(SEED)  # noqa: S311 - not a secret
    last_ms, apart_ms = now_ms - (DAYS + 10) * DAY_MS, JOINED_DAYS * DAY_MS / max(len(numbers), 1)
    users = [
        _user(name, place, number, round(last_ms - (len(numbers) - 1 - place) * apart_ms))
        for place, number in enumerate(numbers)
    ]
    fame = _weights(len(users))
    authors = dice.choices(range(len(users)), cum_weights=fame, k=videos)
    step_ms = DAYS * DAY_MS / max(videos, 1)
    made = [
        _video(dice, users[author].user_id, round(now_ms - HOUR_MS - (videos - place) * step_ms))
        for place, author in enumerate(authors)
    ]
    by_appeal = dice.sample(range(videos), videos)
    appeal = _weights(videos)
    follows, likes = [], []
    for place in range(len(users)):
        chosen = dice.choices(range(len(users)), cum_weights=fame, k=dice.randint(1, 2 * FOLLOWS))
        follows.append(sorted(set(chosen) - {place}))
        ranks = dice.choices(range(videos), cum_weights=appeal, k=dice.randint(1, 2 * LIKES)) if videos else []
        likes.append(sorted(video for video in {by_appeal[rank] for rank in ranks} if authors[video] != place))
    return World(users, made, authors, follows, likes)


def _weights(count: int) -> list[float]:
    """How likely each rank is to be chosen, summed up."""
    return list(accumulate((rank + HEAD) ** -SKEW for rank in range(count)))


def _user(name: str, place: int, number: int, at_ms: int) -> User:
    return User(
        user_id=ids.new("usr", at_ms),
        user_no=number,
        username=f"{name}_{place}",
        display_name=f"Person {place}",
        bio="Made up, to measure with.",
        country=COUNTRIES[place % len(COUNTRIES)],
        created_at=at_ms,
        updated_at=at_ms,
    )


def _video(dice: random.Random, user_id: str, at_ms: int) -> Video:
    category = dice.choice(CATEGORIES)
    size_bytes = dice.randint(2, 40) * 2**20
    return Video(
        video_id=ids.new("vid", at_ms),
        user_id=user_id,
        created_at=at_ms,
        updated_at=at_ms,
        version=3,
        status="active",
        moderation_status="approved",
        published_at=at_ms,
        title=_text(dice, 4),
        description=_text(dice, 18),
        category=category,
        hashtags=(category, dice.choice(_WORDS), dice.choice(_WORDS)),
        duration_ms=dice.randint(5_000, 60_000),
        width=1080,
        height=1920,
        upload=UploadPlan(size_bytes, "video/mp4", at_ms + HOUR_MS),
        media=_media(size_bytes),
        uploaded_at=at_ms,
        processing_started_at=at_ms,
        processed_at=at_ms,
        moderated_at=at_ms,
    )


def _media(size_bytes: int) -> MediaVersion:
    """Where the renditions would lie; there are none."""
    return MediaVersion(
        attempt="seed",
        epoch=0,
        renditions=("360p", "720p", "1080p"),
        thumbnails=tuple(f"thumbnails/{place}.jpg" for place in range(5)),
        poster=0,
        sprite="sprite.jpg",
        sprite_vtt="sprite.vtt",
        download="download.mp4",
        master="master.m3u8",
        dash="manifest.mpd",
        size_bytes=size_bytes,
    )


def _text(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words)).capitalize()
