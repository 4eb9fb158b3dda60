"""How candidate lists become one order."""

from hypothesis import given
from hypothesis import strategies as st

from app.services.feed.mix import Entry, interleave, newest

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
