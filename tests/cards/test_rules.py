"""Who may see what: the whole table."""

from typing import Literal

import pytest

from app.cards import rules
from app.cards.card import Card
from app.cards.viewer import ViewerState
from app.core import ids
from tests.factories import viewer_state

Visibility = Literal["public", "friends", "private"]

AUTHOR, ME = ids.new("usr"), ids.new("usr")
BARE = frozenset({AUTHOR[4:]})
NONE: frozenset[str] = frozenset()


def card(visibility: Visibility = "public", *, active: bool = True, author_id: str = AUTHOR) -> Card:
    return Card(ids.new("vid"), 1, visibility, active, author_id, 1, b"{}")


def viewer(**sets: frozenset[str]) -> ViewerState:
    return viewer_state(ME, **sets)


@pytest.mark.parametrize(
    ("visibility", "anonymous", "stranger", "follower", "friend", "author"),
    [
        ("public", True, True, True, True, True),
        ("friends", False, False, False, True, True),
        ("private", False, False, False, False, True),
    ],
)
def test_visibility(
    visibility: Visibility, anonymous: bool, stranger: bool, follower: bool, friend: bool, author: bool
) -> None:
    shown = card(visibility)

    assert rules.may_see(shown, None) is anonymous
    assert rules.may_see(shown, viewer()) is stranger
    assert rules.may_see(shown, viewer(following=BARE)) is follower
    assert rules.may_see(shown, viewer(following=BARE, friends=BARE)) is friend
    assert rules.may_see(card(visibility, author_id=ME), viewer()) is author


@pytest.mark.parametrize("visibility", ["public", "friends", "private"])
def test_a_block_hides_whatever_else_holds(visibility: Visibility) -> None:
    state = viewer(following=BARE, friends=BARE, blocked=BARE)
    assert not rules.may_see(card(visibility), state)
    assert not rules.wants(card(visibility), state)
    assert not rules.follows(card(visibility), state)


def test_what_is_not_active_is_for_nobody() -> None:
    for state in (None, viewer(friends=BARE), viewer()):
        assert not rules.may_see(card(active=False), state)
        assert not rules.may_see(card(active=False, author_id=ME), state)


def test_mute_is_for_feeds() -> None:
    state = viewer(following=BARE, muted=BARE)
    assert rules.may_see(card(), state)
    assert not rules.wants(card(), state)
    assert not rules.follows(card(), state)


def test_following_asks_for_the_edge() -> None:
    assert rules.follows(card(), viewer(following=BARE))
    assert not rules.follows(card(), viewer())
    assert not rules.follows(card(), None)
    assert not rules.follows(card("friends"), viewer(following=BARE))
