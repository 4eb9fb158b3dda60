"""The pure part of a build of For You: what stays out, what comes where, and to whom it is owed."""

from typing import Any

import msgspec

from app.cards import card as cards_format
from app.cards.card import Card
from app.cards.viewer import ViewerState
from app.core import ids
from app.ports.activity import Watched
from app.services.feed.candidates import Gathered
from app.services.feed.for_you import EXPLORED_EVERY, EXPLORED_FIRST, EXPLORED_MOST, SOURCES, Built, choice_of
from app.services.feed.for_you import ordered as order_of
from app.services.feed.position import FOR_YOU_SIZE
from hotpath import shelf
from tests.factories import viewer_state

NOTHING = Gathered([], [], [], [], [], [], failed=False)
ME = ids.new("usr")
NONE: frozenset[str] = frozenset()
STATE = viewer_state(ME)


def videos(count: int) -> list[str]:
    return [ids.new("vid") for _ in range(count)]


def card(video_id: str, author: str | None = None, *, active: bool = True) -> shelf.Entry:
    topic = f"c{video_id[-3:].lower()}" if active else ""
    made = Card(video_id, 1, "public", active, author or ids.new("usr"), 0, b"{}", "", topic)
    return shelf.Entry(video_id.encode(), cards_format.pack(made))


def gathered(**lists: Any) -> Gathered:
    return msgspec.structs.replace(NOTHING, **lists)


def ordered(lists: Gathered, known: set[str], cards: dict[str, shelf.Entry] | None, state: ViewerState | None) -> Built:
    choice = choice_of(lists)
    flags = bytes(video_id in known for video_id in choice.ids)
    found = None if cards is None else [cards.get(video_id) for video_id in choice.ids]
    return order_of(choice, lists.history, flags, found, state)


def sources(built: Built) -> dict[str, str]:
    return {video_id: SOURCES[number] for video_id, number in zip(built.video_ids, built.owed, strict=True)}


def test_nothing_gives_nothing() -> None:
    built = ordered(NOTHING, set(), {}, STATE)
    assert (built.video_ids, built.owed, built.explored) == ([], b"", [])


def test_exploration_has_its_places_whatever_else_there_is() -> None:
    explored, fresh = videos(30), videos(200)

    built = ordered(gathered(explored=explored, fresh=fresh), set(), {v: card(v) for v in [*explored, *fresh]}, STATE)

    assert len(built.video_ids) == FOR_YOU_SIZE
    assert built.explored == explored[:EXPLORED_MOST]
    assert (
        built.video_ids[EXPLORED_FIRST : EXPLORED_FIRST + EXPLORED_MOST * EXPLORED_EVERY : EXPLORED_EVERY]
        == (explored[:EXPLORED_MOST])
    )


def test_ones_own_videos_are_not_explored_on_oneself() -> None:
    mine, other = videos(2)

    built = ordered(gathered(explored=[mine, other]), set(), {mine: card(mine, ME), other: card(other)}, STATE)

    assert built.explored == [other]
    assert set(built.video_ids) == {mine, other}


def test_what_may_not_be_seen_is_out_and_what_is_muted_too() -> None:
    shown, hidden, lost, muted = videos(4)
    author = ids.new("usr")
    cards = {shown: card(shown), hidden: card(hidden, active=False), muted: card(muted, author)}
    state = viewer_state(ME, muted=frozenset({author[4:]}))

    built = ordered(gathered(fresh=[shown, hidden, lost, muted]), set(), cards, state)

    assert built.video_ids == [shown]
    assert ordered(gathered(fresh=[muted, hidden]), set(), cards, None).video_ids == [muted]  # of a viewer unknown


def test_a_list_is_made_without_cards_too() -> None:
    fresh = videos(5)
    assert sorted(ordered(gathered(fresh=fresh), set(), None, None).video_ids) == sorted(fresh)


def test_the_seen_come_last_and_those_seen_last_the_last_of_them() -> None:
    unseen, long_ago, lately, last = videos(4)
    fresh = [last, lately, long_ago, unseen]
    cards = {video_id: card(video_id) for video_id in fresh}

    history = [Watched(2, last, 0, False), Watched(1, lately, 0, False)]

    built = ordered(gathered(fresh=fresh, history=history), {long_ago}, cards, STATE)

    assert built.video_ids == [unseen, long_ago, lately, last]
    assert sources(built) == {unseen: "fresh", long_ago: "recycled", lately: "recycled", last: "recycled"}


def test_a_video_is_owed_to_the_first_of_the_chain_that_had_it() -> None:
    a, b, c, d, e = every = videos(5)
    lists = gathered(explored=[a], recommended=[a, b], followed=[a, b, c], trending=[a, b, c, d], fresh=[a, b, c, d, e])

    built = ordered(lists, set(), {video_id: card(video_id) for video_id in every}, STATE)

    assert sources(built) == {a: "fresh", b: "recommended", c: "following", d: "trending", e: "fresh"}


def test_the_best_of_what_was_gathered_is_the_same_part_of_each_source() -> None:
    fresh, followed, explored = videos(9), videos(3), videos(8)
    lists = gathered(fresh=fresh, followed=followed, explored=explored)

    assert lists.best(10) == gathered(fresh=fresh[:5], followed=followed, explored=explored)
    assert lists.best(4) == gathered(fresh=fresh[:2], followed=followed[:2], explored=explored)
    assert lists.best(18) is lists
    assert NOTHING.best(10) is NOTHING
