"""What people do with videos, in the proportions of the architecture document ("Traffic Estimates"). Pure."""

import random
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

Step = Literal["page", "view", "like", "comment", "share", "follow", "upload"]
Kind = Literal["viewer", "creator", "anonymous"]
Feed = Literal["for-you", "following", "trending"]

VIEWS_PER_SESSION: Final = 150
LIKES: Final = 0.08  # of views, as the three below
COMMENTS: Final = 0.007
SHARES: Final = 0.03
FOLLOWS: Final = 0.005
UPLOADS: Final = 30e6 / 120e9  # a day's uploads over a day's views

# The document does not say these.
PAGE: Final = 20  # videos
SHARE_OF: Final[dict[Kind, int]] = {"viewer": 88, "creator": 2, "anonymous": 10}  # of a hundred people
FEEDS: Final[dict[Feed, float]] = {"for-you": 0.7, "following": 0.2, "trending": 0.1}  # of the pages of a session


class Act(msgspec.Struct, frozen=True):
    """One thing that somebody does; `place` is the video's on the page that was read last, `feed` a page's."""

    step: Step
    place: int = 0
    feed: Feed = "trending"


def feed_of(draw: random.Random, kind: Kind) -> Feed:
    """Which one somebody reads a page of."""
    if kind == "anonymous":
        return "trending"
    feeds: list[Feed] = list(FEEDS)
    return draw.choices(feeds, list(FEEDS.values()))[0]


def session(draw: random.Random, kind: Kind, uploads: float = 1.0, first: int = 0) -> Iterator[Act]:
    """One session of 150 videos, or what is left of it from video `first` on. `uploads` multiplies the documented rate:
    one in four thousand views is too seldom for a short run to tell anything."""
    upload = UPLOADS * uploads * (1 + SHARE_OF["viewer"] / SHARE_OF["creator"])
    for number in range(first, VIEWS_PER_SESSION):
        place = number % PAGE
        if place == 0:
            yield Act("page", feed=feed_of(draw, kind))
        yield Act("view", place)
        if kind == "anonymous":
            continue
        if draw.random() < LIKES:
            yield Act("like", place)
        if draw.random() < COMMENTS:
            yield Act("comment", place)
        if draw.random() < SHARES:
            yield Act("share", place)
        if draw.random() < FOLLOWS:
            yield Act("follow", place)
        if kind == "creator" and draw.random() < upload:
            yield Act("upload")
