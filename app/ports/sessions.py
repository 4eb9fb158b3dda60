"""`session:{id}`: a cache of the accounts' session rows. Absent means: read the row."""

from typing import Literal, Protocol

Liveness = Literal["alive", "revoked"]


class SessionCache(Protocol):
    async def get(self, session_id: str) -> Liveness | None:
        """What is cached, or None."""

    async def fill(self, session_id: str, liveness: Liveness) -> None:
        """After reading the row; never replaces an entry (a revocation may have come first)."""

    async def revoked(self, session_id: str) -> None:
        """After the row was revoked: replaces whatever is there."""
