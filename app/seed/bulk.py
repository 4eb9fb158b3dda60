"""`kinora seed --feeds`: a data set to measure with: rows by COPY, then the caches as the product fills them.

Nothing is announced: no event, no fan-out, no media. Each run adds a community of its own. Bytes and orders are made by
the product's own functions (a card, a viewer's blob, For You), so that no page can tell it from one that grew.
"""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app import features
from app.adapters.postgres.bulk import Bulk, Follow, Like, Tally, loading
from app.core import ids, names
from app.core.clock import DAY_MS, system_ms
from app.core.config import ConfigError, Settings
from app.core.tokens import ACCESS_TTL_S, Tokens
from app.ports.accounts import NewAccount, Session
from app.ports.users import User
from app.ports.videos import Counts
from app.seed import bar, warm, world
from app.seed.world import World
from app.stores import open_stores

PASSWORD: Final = "kinora-load"  # noqa: S105 - of made-up people only
SESSION_MS: Final = 7 * DAY_MS


async def seed(settings: Settings, users: int, videos: int, tokens: str | None, ttl_s: int | None) -> int:
    """Loads it; with `tokens`, writes an access token of each person into that file, one a line, good for `ttl_s`."""
    lifetime_s = _allowed(settings, ttl_s or ACCESS_TTL_S)
    now_ms = system_ms()
    async with open_stores(settings) as stores:
        built = features.build(settings, stores, system_ms)
        password_hash = await built.passwords.hash(PASSWORD)
        async with loading(settings.database_url, bar.show) as bulk:
            made = world.make(f"load{now_ms}", await bulk.user_numbers(users), videos, now_ms)
            sessions = [_session(user, now_ms) for user in made.users]
            await bulk.accounts([_account(user, password_hash, stores.secret) for user in made.users])
            await bulk.sessions(sessions)
            await _opinions(bulk, made)
        async with loading(settings.videos_url, bar.show) as bulk:
            counts = {video_id: (Counts(likes=likes), likes) for video_id, likes in _liked(made).items()}
            await bulk.videos(made.videos, counts)
        async with loading(settings.activity_url, bar.show) as bulk:
            await bulk.tallies(_tallies(made))
        await warm.cards(stores, made)
        await built.board.make_all()  # from the ledger, of cards that all may see
        await warm.people(stores, made, sessions, now_ms)
        if tokens is not None:
            minter = Tokens(stores.keys, settings.public_url, settings.access_ttl_max_s)
            _write_tokens(Path(tokens), minter, sessions, lifetime_s)
    return 0


def _allowed(settings: Settings, ttl_s: int) -> int:
    if settings.env == "production":
        raise ConfigError("KINORA_ENV is production: people made up to measure with have no place there.")
    if ttl_s > settings.access_ttl_max_s:
        raise ConfigError(
            f"KINORA_ACCESS_TTL_MAX_S must be at least {ttl_s}, here and where the API runs, or it refuses the tokens."
        )
    return ttl_s


def _session(user: User, now_ms: int) -> Session:
    return Session(
        session_id=ids.new("ses", now_ms),
        user_id=user.user_id,
        created_at=now_ms,
        last_seen_at=now_ms,
        expires_at=now_ms + SESSION_MS,
        user_agent="kinora seed",
        ip="127.0.0.1",
    )


def _account(user: User, password_hash: str, secret: bytes) -> NewAccount:
    email = f"{user.username}@load.invalid"
    return NewAccount(
        user=user,
        username_key=names.username_key(user.username),
        email=email,
        email_key=names.email_key(email, secret),
        password_hash=password_hash,
    )


async def _opinions(bulk: Bulk, made: World) -> None:
    """Who follows whom, who likes what."""
    await bulk.follows(
        [
            Follow(made.users[place], made.users[other].user_id, made.users[max(place, other)].created_at + DAY_MS)
            for place, others in enumerate(made.follows)
            for other in others
        ]
    )
    await bulk.likes(
        [
            Like(made.users[place].user_id, made.videos[video], made.videos[video].created_at + 1)
            for place, chosen in enumerate(made.likes)
            for video in chosen
        ]
    )


def _liked(made: World) -> Counter[str]:
    """How often, by video id."""
    return Counter(made.videos[video].video_id for chosen in made.likes for video in chosen)


def _tallies(made: World) -> list[Tally]:
    """What the likes would have added to the trending ledger: to the world's list, the video's category's and that of
    the region of whoever liked it."""
    counted: Counter[tuple[str, int]] = Counter()
    for user, chosen in zip(made.users, made.likes, strict=True):
        for video in chosen:
            for scope in ("global", made.videos[video].category, user.country or ""):
                counted[scope, video] += 1
    return [
        Tally(scope, made.videos[video].video_id, made.videos[video].created_at, 0, likes, 0)
        for (scope, video), likes in counted.items()
    ]


def _write_tokens(path: Path, minter: Tokens, sessions: Sequence[Session], ttl_s: int) -> None:
    """For their owner's eyes only: whoever has a token is that person."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        for number, session in enumerate(sessions, 1):
            file.write(minter.mint(session.user_id, session.session_id, system_ms(), ttl_s) + "\n")
            if number % 100 == 0 or number == len(sessions):
                bar.show("tokens", number, len(sessions))
