"""Credentials, sessions and refresh families: the truth behind every token."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.core.cursors import Keyset
from app.core.events import Event, Receipt
from app.ports.users import User


class Credentials(msgspec.Struct, frozen=True):
    user_id: str
    email: str
    password_hash: str


class Session(msgspec.Struct, kw_only=True):
    """One sign-in. It is alive while `revoked_at` is None and `expires_at` is ahead."""

    session_id: str
    user_id: str
    created_at: int
    last_seen_at: int
    expires_at: int
    user_agent: str
    ip: str
    revoked_at: int | None = None


class NewAccount(msgspec.Struct, kw_only=True):
    """`username_key` and `email_key` are what is claimed: the folded name and the blind index of the address."""

    user: User  # its user_no is given by the store
    username_key: str
    email: str
    email_key: bytes
    password_hash: str


class Rotation(msgspec.Struct, frozen=True):
    """What became of a refresh token: `rotated`, `reused` (the family is dead now) or `unknown` (also: expired,
    revoked)."""

    outcome: str
    session: Session | None = None


class Accounts(Protocol):
    async def register(
        self,
        account: NewAccount,
        session: Session,
        refresh_hash: bytes,
        *,
        events: Sequence[Event] = (),
        receipt: Receipt | None = None,
    ) -> User:
        """Claims both keys and stores user, credentials, session and first refresh token. Conflict
        `username_taken` or `email_taken`; returns the user with its number."""

    async def find(self, *, username_key: str | None = None, email_key: bytes | None = None) -> Credentials | None:
        """Credentials by either claim."""

    async def credentials(self, user_id: str) -> Credentials | None:
        """Credentials by id."""

    async def set_password(self, user_id: str, password_hash: str) -> None:
        """Replaces the hash (a stronger one after a sign-in, or a new password)."""

    async def open_session(self, session: Session, refresh_hash: bytes) -> None:
        """Stores a session and its first refresh token; Forbidden `suspended` while its person is."""

    async def rotate(
        self,
        refresh_hash: bytes,
        successor_hash: bytes,
        now_ms: int,
        *,
        grace_ms: int,
        events_if_reused: Sequence[Event] = (),
    ) -> Rotation:
        """Spends a refresh token for its successor, atomically. A spent one that comes back within `grace_ms`
        of being spent (two tabs at once) gets one more successor of the same family; later than that the family's
        session is revoked and `session.revoked` stored (its data filled by the store). Forbidden `suspended` for a
        dead token of somebody who is."""

    async def session(self, session_id: str) -> Session | None:
        """The row, revoked or not."""

    async def sessions(self, user_id: str, after: Keyset | None, limit: int, now_ms: int) -> list[Session]:
        """Live sessions by (created_at, session_id), newest first."""

    async def revoke(self, user_id: str, session_id: str, now_ms: int, *, events: Sequence[Event] = ()) -> bool:
        """Ends one of the user's sessions; False if it is not theirs or was ended before."""

    async def revoke_others(self, user_id: str, keep_session_id: str, now_ms: int) -> list[str]:
        """Ends all but one, each with its `session.revoked` event; returns the ids ended (at most 1,000)."""

    async def seen(self, session_id: str, now_ms: int) -> None:
        """Notes that a session is in use."""

    async def opened_since(self, user_ids: Sequence[str], since_ms: int) -> dict[str, int]:
        """User id → user number of those, among at most 200, who used any session of theirs at or after then."""

    async def by_numbers(self, user_nos: Sequence[int]) -> list[str]:
        """Ids of the users with these numbers, at most 200, in no order."""

    async def find_receipt(self, scope: str, key: str) -> Receipt | None:
        """The stored answer of a registration or comment, kept at least 24 hours."""
