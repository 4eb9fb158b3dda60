"""The bytes of a card: what rules read without touching its JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cards import card as cards
from app.cards.card import Card
from app.core import ids


@given(
    version=st.integers(0, 10**19),
    visibility=st.sampled_from(["public", "friends", "private"]),
    active=st.booleans(),
    published_at=st.integers(0, 10**13 - 1),
    body=st.binary(max_size=200),
)
def test_a_card_comes_back_as_it_was(
    version: int, visibility: str, active: bool, published_at: int, body: bytes
) -> None:
    video_id, author_id = ids.new("vid"), ids.new("usr")
    card = Card(video_id, version, visibility, active, author_id, published_at, body)  # type: ignore[arg-type]

    raw = cards.pack(card)

    assert cards.unpack(video_id, raw) == card
    assert len(raw) == cards.HEADER_BYTES + len(body)


@given(older=st.integers(0, 10**19), newer=st.integers(0, 10**19))
def test_versions_compare_as_text(older: int, newer: int) -> None:
    first, second = (
        cards.pack(Card("vid", version, "public", True, ids.new("usr"), 0, b"")) for version in (older, newer)
    )
    assert (first[:20] < second[:20]) == (older < newer)


@pytest.mark.parametrize("slot", [cards.PREFIX_SLOT, cards.VIEWER_SLOT])
def test_a_slot_is_a_byte_that_json_text_never_holds(slot: bytes) -> None:
    assert len(slot) == 1
    assert slot[0] < 0x20
