"""Pieces of music, in the store of videos."""

from collections.abc import Sequence

import asyncpg

from app.adapters.postgres.keyset import batch
from app.adapters.postgres.pool import connection
from app.ports.music import Music

_GET_MANY = "SELECT music_id, title, artist, duration_sec FROM video.music WHERE music_id = ANY($1::text[])"
_PUT = """
    INSERT INTO video.music (music_id, title, artist, duration_sec) VALUES ($1, $2, $3, $4)
    ON CONFLICT (music_id) DO UPDATE
    SET title = excluded.title, artist = excluded.artist, duration_sec = excluded.duration_sec"""


class PostgresMusics:
    """`app.ports.music.Musics`; see there."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def get_many(self, music_ids: Sequence[str]) -> dict[str, Music]:
        async with connection(self._pool) as conn:
            rows = await conn.fetch(_GET_MANY, batch(music_ids))
        return {row["music_id"]: Music(*row) for row in rows}

    async def put(self, music: Music) -> None:
        async with connection(self._pool) as conn:
            await conn.execute(_PUT, music.music_id, music.title, music.artist, music.duration_sec)
