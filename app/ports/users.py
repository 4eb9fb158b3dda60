"""Profiles: what others may see of a person. Credentials are in `accounts`."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.core.events import Event
from hotpath.pure.records import Author


class User(msgspec.Struct, kw_only=True):
    """`user_no` is a dense integer (gaps allowed), the person's offset in the activity bitmap."""

    user_id: str
    user_no: int
    username: str
    display_name: str
    bio: str = ""
    avatar: str | None = None  # name of the picture's version, None without one
    verified: bool = False
    country: str | None = None  # ISO 3166, upper case
    created_at: int
    updated_at: int
    suspended_at: int | None = None  # written by `app.ports.suspensions` alone


class Users(Protocol):
    async def get(self, user_id: str) -> User | None:
        """One profile, or None."""

    async def get_many(self, user_ids: Sequence[str]) -> dict[str, User]:
        """Those of at most 200 that exist, in one trip."""

    async def authors(self, user_ids: Sequence[str]) -> dict[str, Author]:
        """Of the same what stands beside a video that they made."""

    async def by_username(self, username: str) -> User | None:
        """By the claimed name; case and look-alikes are folded before (`app.core.names`)."""

    async def update(self, user: User, *, base_ms: int | None = None, events: Sequence[Event] = ()) -> None:
        """Writes display_name, bio, avatar and country; user_id, user_no and username never change here.
        NotFound if absent; Stale if `base_ms` is given and no longer the stored `updated_at`."""
