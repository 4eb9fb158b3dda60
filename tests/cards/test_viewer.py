"""The viewer's blob: everything about one person that their pages need."""

from hypothesis import given
from hypothesis import strategies as st

from app.cards import viewer
from app.core import ids
from app.ports.graph import Circle
from app.ports.reactions import RecentReactions


def made(kind: str, places: set[int]) -> frozenset[str]:
    """Ids told apart by their place."""
    return frozenset(ids.floor(kind, place) for place in places)


PLACES = st.sets(st.integers(0, 500), max_size=20)


@given(sets=st.tuples(*[PLACES] * 6), since=st.sampled_from(["", ids.floor("vid", 250)]))
def test_a_blob_comes_back_as_it_was(sets: tuple[set[int], ...], since: str) -> None:
    liked, saved = made("vid", sets[0]), made("vid", sets[1])
    following, friends, blocked, muted = (made("usr", each) for each in sets[2:])

    blob = viewer.pack(
        Circle(following, friends, blocked, muted), RecentReactions(liked, since), RecentReactions(saved, "")
    )
    state = viewer.unpack("usr_1", blob)

    assert state is not None
    bare = [frozenset(member[4:] for member in each) for each in (liked, saved, following, friends, blocked, muted)]
    assert [state.liked, state.saved, state.following, state.friends, state.blocked, state.muted] == bare
    assert state.follows == sorted(following)
    assert sorted(state.avoided) == sorted([*blocked, *muted])
    assert state.liked_last(5) == sorted(liked, reverse=True)[:5]
    assert (state.user_id, state.liked_since, state.saved_since) == ("usr_1", since, "")


def test_only_videos_older_than_what_the_blob_holds_are_asked_for() -> None:
    nobody = Circle(frozenset(), frozenset(), frozenset(), frozenset())
    since = ids.floor("vid", 100)
    state = viewer.unpack(
        "usr_1", viewer.pack(nobody, RecentReactions(frozenset(), since), RecentReactions(frozenset(), ""))
    )

    assert state is not None
    older, newer = ids.floor("vid", 99), ids.floor("vid", 101)
    assert state.unsure([newer, since, older]) == [since, older]


def test_a_blob_of_another_version_is_made_anew() -> None:
    nobody = Circle(frozenset(), frozenset(), frozenset(), frozenset())
    nothing = RecentReactions(frozenset(), "")
    blob = bytearray(viewer.pack(nobody, nothing, nothing))
    assert blob[3] == viewer.VERSION
    blob[3] = viewer.VERSION + 1
    assert viewer.unpack("usr_1", bytes(blob)) is None
