"""The kernel of the hot path says what the rules say, and writes what the general path writes."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cards import card as card_format
from app.cards import present, rules
from app.cards import viewer as viewer_format
from app.cards.card import Card
from app.cards.viewer import ViewerState
from app.core import ids, media_urls
from app.ports.graph import Circle
from app.ports.reactions import RecentReactions
from app.ports.users import User
from app.ports.videos import Counts, VideoAndCounts
from hotpath import pages, shelf
from tests.factories import MEDIA, record

SECRET = b"s" * 32
NOW = 1_800_000_000_000
PREFIX = media_urls.public_prefix().encode()
RULES = (rules.wants, rules.follows)
PEOPLE = [ids.floor("usr", place) for place in range(6)]
VIDEOS = [ids.floor("vid", place) for place in range(12)]


def made(video_id: str, author: str, visibility: Any, status: Any, title: str) -> Card:
    user = User(
        user_id=author, user_no=1, username="ana", display_name="Ana", avatar="a.jpg", created_at=NOW, updated_at=NOW
    )
    video = record(author, NOW, status=status, visibility=visibility, media=MEDIA, published_at=NOW, title=title)
    found = VideoAndCounts(msgspec.structs.replace(video, video_id=video_id), Counts(3, 2), 0)
    raws, _ = present.made([present.stored(found)], {user.user_id: present.author(user)}, {})
    return present.taken_apart(raws)[video_id]


CARDS = st.lists(
    st.builds(
        made,
        st.sampled_from(VIDEOS),
        st.sampled_from(PEOPLE),
        st.sampled_from(["public", "public", "public", "friends", "private"]),
        st.sampled_from(["active", "active", "active", "processing", "deleted"]),
        st.sampled_from(["A clip", 'é"\\\n\x01\x02🎬', ""]),
    ),
    max_size=6,
)
SOME_PEOPLE = st.frozensets(st.sampled_from(PEOPLE), max_size=4)
FEW_PEOPLE = st.just(frozenset[str]()) | SOME_PEOPLE
REACTIONS = st.builds(
    RecentReactions,
    st.frozensets(st.sampled_from(VIDEOS), max_size=6),
    st.sampled_from(["", "", VIDEOS[0], VIDEOS[5]]),
)
CIRCLES = st.builds(Circle, SOME_PEOPLE, SOME_PEOPLE, FEW_PEOPLE, FEW_PEOPLE)
VIEWERS = st.none() | st.tuples(st.sampled_from(PEOPLE), CIRCLES, REACTIONS, REACTIONS)


def marked(card: Card, state: ViewerState | None, rule: int) -> int:
    if not RULES[rule](card, state):
        return 0
    unsure = state is not None and bool(state.unsure([card.video_id]))
    return 2 if card.visibility != "public" or unsure else 1


@settings(max_examples=400, deadline=None, derandomize=True)
@given(cards=CARDS, viewer=VIEWERS, rule=st.sampled_from([0, 1]), limit=st.integers(0, 6))
def test_the_kernel_is_the_rules_and_the_general_page(cards: list[Card], viewer: Any, rule: int, limit: int) -> None:
    entries = [shelf.Entry(card.video_id.encode(), card_format.pack(card)) for card in cards]
    blob, state, bare_id = None, None, b""
    if viewer is not None:
        user_id, circle, liked, saved = viewer
        blob = viewer_format.pack(circle, liked, saved)
        state = viewer_format.unpack(user_id, blob)
        bare_id = user_id[4:].encode()

    marks = pages.visible(entries, blob, bare_id, rule)
    page = pages.page(entries, blob, bare_id, rule, limit, present.FLAGS, PREFIX, b"<", b">")

    assert marks is not None
    assert list(marks) == [marked(card, state, rule) for card in cards]
    visible = [RULES[rule](card, state) and card.visibility == "public" for card in cards]
    if all(visible) and set(marks[:limit]) <= {1}:
        assert page == b"<" + present.splice(cards[:limit], state, {}, SECRET, NOW) + b">"
    else:
        assert page is None
