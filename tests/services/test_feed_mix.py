"""How candidate lists become one order."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from app.services.feed.mix import Entry, interleave, newest
from hotpath import order
from hotpath.pure.order import AUTHOR_WINDOW, TOPIC_MOST, TOPIC_WINDOW

VIDEOS = [f"vid_{n:026d}" for n in range(40)]
LISTS = st.lists(
    st.dictionaries(st.sampled_from(VIDEOS), st.integers(0, 20), max_size=15).map(
        lambda found: sorted(((score, video_id) for video_id, score in found.items()), reverse=True)
    ),
    max_size=4,
)
SOURCES = st.lists(
    st.tuples(st.lists(st.sampled_from(VIDEOS), unique=True, max_size=30), st.integers(1, 5)), max_size=4
)


@given(lists=LISTS, limit=st.integers(0, 60))
def test_newest_are_the_best_of_all_each_once(lists: list[list[Entry]], limit: int) -> None:
    best: dict[str, Entry] = {}
    for entry in sorted((entry for each in lists for entry in each), reverse=True):
        best.setdefault(entry[1], entry)

    assert newest(lists, limit) == sorted(best.values(), reverse=True)[:limit]


def test_nothing_gives_nothing() -> None:
    assert newest([], 10) == []
    assert newest([[], []], 10) == []
    assert interleave([([], 3), ([], 1)], 10) == []


@given(sources=SOURCES, limit=st.integers(0, 50))
def test_a_mix_holds_each_video_once_and_none_that_nobody_gave(
    sources: list[tuple[list[str], int]], limit: int
) -> None:
    mixed = interleave(sources, limit)

    given_ = {video_id for ids, _ in sources for video_id in ids}
    assert len(set(mixed)) == len(mixed) == min(limit, len(given_))
    assert set(mixed) <= given_


@given(ids=st.lists(st.sampled_from(VIDEOS), unique=True), weight=st.integers(1, 5))
def test_one_source_alone_keeps_its_order(ids: list[str], weight: int) -> None:
    assert interleave([(ids, weight)], 100) == ids


def test_sources_give_in_proportion_to_their_weights() -> None:
    one, other = VIDEOS[:20], VIDEOS[20:]

    mixed = interleave([(one, 3), (other, 1)], 20)

    assert [sum(video_id in one for video_id in mixed[: n * 4]) for n in range(1, 6)] == [3, 6, 9, 12, 15]


class Candidate(NamedTuple):
    video_id: str
    author: str
    topic: str


def diversify(groups: list[list[Candidate]], limit: int) -> list[str]:
    marks = {each.video_id: order.Mark(each.author, each.topic, "public", True) for group in groups for each in group}
    return order.diversify([[each.video_id for each in group] for group in groups], marks, limit)


CANDIDATES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["dance", "food", "other"])), max_size=40
).map(lambda made: [Candidate(VIDEOS[n], author, topic) for n, (author, topic) in enumerate(made)])


def _misfit(candidate: Candidate, before: list[Candidate]) -> tuple[bool, bool]:
    author = candidate.author in {each.author for each in before[1 - AUTHOR_WINDOW :]}
    topic = [each.topic for each in before[1 - TOPIC_WINDOW :]].count(candidate.topic) >= TOPIC_MOST
    return author, topic


@given(candidates=CANDIDATES, limit=st.integers(0, 50))
def test_no_author_and_no_topic_comes_too_often_while_there_is_another(candidates: list[Candidate], limit: int) -> None:
    known = {candidate.video_id: candidate for candidate in candidates}

    chosen = [known[video_id] for video_id in diversify([candidates], limit)]

    assert len(chosen) == len(set(chosen)) == min(limit, len(candidates))
    for place, candidate in enumerate(chosen):
        waiting = [other for other in candidates if other not in chosen[:place]]
        least = min(_misfit(other, chosen[:place]) for other in waiting)
        assert _misfit(candidate, chosen[:place]) == least
        if least == (False, False):  # and the order is the given one, but for that
            assert candidate == next(other for other in waiting if _misfit(other, chosen[:place]) == least)


def test_where_there_are_two_authors_they_take_turns() -> None:
    candidates = [Candidate(VIDEOS[n], "a" if n < 4 else "b", f"t{n}") for n in range(8)]

    assert diversify([candidates], 8) == [VIDEOS[n] for n in (0, 4, 1, 5, 2, 6, 3, 7)]


def test_a_group_ends_before_the_next_begins_and_windows_reach_over_it() -> None:
    first = [Candidate(VIDEOS[n], "a", "food") for n in range(2)]
    second = [Candidate(VIDEOS[2], "a", "food"), Candidate(VIDEOS[3], "b", "food")]

    assert diversify([first, second], 4) == [VIDEOS[0], VIDEOS[1], VIDEOS[3], VIDEOS[2]]


def test_what_fits_stays_in_its_order() -> None:
    candidates = [Candidate(video_id, f"author{n % 5}", f"topic{n % 2}") for n, video_id in enumerate(VIDEOS)]

    assert diversify([candidates], 40) == VIDEOS
