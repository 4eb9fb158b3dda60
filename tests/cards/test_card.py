"""The bytes of a card: what rules read without touching its JSON."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cards import card as cards
from app.cards.card import Card
from app.core import ids
from hotpath import shelf


@given(
    version=st.integers(0, 10**19),
    visibility=st.sampled_from(["public", "friends", "private"]),
    active=st.booleans(),
    published_at=st.integers(0, 10**13 - 1),
    body=st.binary(max_size=200),
    media_version=st.text(st.sampled_from("a-_9."), max_size=74),
    category=st.text(st.sampled_from("a-9"), max_size=30),
)
def test_a_card_comes_back_as_it_was(
    version: int, visibility: Any, active: bool, published_at: int, body: bytes, media_version: str, category: str
) -> None:
    video_id, author_id = ids.new("vid"), ids.new("usr")
    card = Card(video_id, version, visibility, active, author_id, published_at, body, media_version, category)

    raw = cards.pack(card)

    assert cards.unpack(video_id, raw) == card
    assert len(raw) == cards.HEADER_BYTES + len(media_version) + len(category) + len(body)
    entry = shelf.Entry(video_id.encode(), raw)
    assert (entry.media_version.decode(), entry.category.decode()) == (media_version, category)


def test_a_card_of_another_format_is_none() -> None:
    video_id = ids.new("vid")
    before = b'%020dPA%b%013d{"urls":["\x01/%b/a1.0/x"]}' % (7, b"usr_" + b"0" * 26, 5, video_id.encode())

    assert cards.unpack(video_id, before) is None
    with pytest.raises(ValueError, match="header"):
        shelf.Entry(video_id.encode(), before)


@pytest.mark.parametrize("longer", [{"media_version": "a" * 75}, {"category": "a" * 31}])
def test_what_a_header_cannot_hold_is_refused(longer: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="too long"):
        cards.pack(Card("vid", 1, "public", True, ids.new("usr"), 0, **longer))  # type: ignore[arg-type]


@given(older=st.integers(0, 10**19), newer=st.integers(0, 10**19))
def test_versions_compare_as_text(older: int, newer: int) -> None:
    first, second = (cards.pack(Card("vid", version, "public", True, ids.new("usr"), 0)) for version in (older, newer))
    assert (first[:20] < second[:20]) == (older < newer)


@pytest.mark.parametrize("slot", [cards.PREFIX_SLOT, cards.VIEWER_SLOT])
def test_a_slot_is_a_byte_that_json_text_never_holds(slot: bytes) -> None:
    assert len(slot) == 1
    assert slot[0] < 0x20
