"""Pieces of music. See `app.ports.music`."""

import pytest

from app.core import ids
from app.ports.music import Music, Musics


async def test_a_piece_is_added_and_replaced(musics: Musics) -> None:
    first = Music(ids.new("mus"), "Morning", "Someone", 30)
    replaced = Music(first.music_id, "Evening \U0001f319", "Someone else", 31)
    await musics.put(first)
    assert await musics.get_many([first.music_id]) == {first.music_id: first}
    await musics.put(replaced)
    assert await musics.get_many([first.music_id]) == {first.music_id: replaced}


async def test_unknown_pieces_are_left_out(musics: Musics) -> None:
    known = Music(ids.new("mus"), "Morning", "Someone", 30)
    await musics.put(known)
    assert await musics.get_many([ids.new("mus"), known.music_id, ids.new("mus")]) == {known.music_id: known}
    assert await musics.get_many([]) == {}
    with pytest.raises(ValueError, match="201"):
        await musics.get_many([known.music_id] * 201)
