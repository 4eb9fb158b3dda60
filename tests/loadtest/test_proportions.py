"""A million videos are watched, and the rest is in the document's proportions to them."""

import random
from collections import Counter
from itertools import islice
from math import sqrt

import pytest

from loadtest import proportions
from loadtest.proportions import SHARE_OF, VIEWS_PER_SESSION, Kind, Step, session

VIEWS = 1_000_000


def counted(uploads: float) -> Counter[tuple[Kind, Step]]:
    """What a crowd does in so many sessions that it views a million videos."""
    draw, counts = random.Random(1), Counter[tuple[Kind, Step]]()
    crowd: list[Kind] = [kind for kind, share in SHARE_OF.items() for _ in range(share)]
    for number in range(VIEWS // VIEWS_PER_SESSION):
        kind = crowd[number % len(crowd)]
        counts.update((kind, act.step) for act in session(draw, kind, uploads))
    return counts


def test_a_crowd_does_what_the_document_says() -> None:
    counts = counted(uploads=20)
    signed_in = sum(counts[kind, "view"] for kind in ("viewer", "creator"))
    shares: dict[Step, float] = {"like": 0.08, "comment": 0.007, "share": 0.03, "follow": 0.005}
    for step, share in shares.items():
        made = counts["viewer", step] + counts["creator", step]
        tolerance = 4 * sqrt(share * (1 - share) / signed_in)
        assert made / signed_in == pytest.approx(share, abs=tolerance), step
        assert not counts["anonymous", step]
    uploads = 20 * 30e6 / 120e9
    assert counts["creator", "upload"] / signed_in == pytest.approx(uploads, rel=0.15)
    assert not counts["viewer", "upload"]
    everything = sum(counts.values())
    visits = counts["anonymous", "view"] + counts["anonymous", "page"]
    assert visits / everything == pytest.approx(0.1, abs=0.02)


def test_a_session_is_a_hundred_and_fifty_videos_in_pages() -> None:
    acts = list(session(random.Random(2), "viewer"))
    assert sum(act.step == "view" for act in acts) == VIEWS_PER_SESSION
    assert sum(act.step == "page" for act in acts) == -(-VIEWS_PER_SESSION // proportions.PAGE)
    assert acts[0].step == "page"
    assert {act.place for act in acts} == set(range(proportions.PAGE))


def test_a_session_can_be_joined_in_the_middle() -> None:
    acts = [act for act in session(random.Random(3), "viewer", first=35) if act.step in {"page", "view"}]
    assert [(act.step, act.place) for act in islice(acts, 7)] == [
        *[("view", place) for place in range(15, 20)],
        ("page", 0),
        ("view", 0),
    ]
    assert sum(act.step == "view" for act in acts) == VIEWS_PER_SESSION - 35


def test_visitors_only_watch_what_trends() -> None:
    acts = list(session(random.Random(4), "anonymous"))
    assert {act.step for act in acts} == {"page", "view"}
    assert {act.feed for act in acts if act.step == "page"} == {"trending"}
