"""People to test with: registered the way real ones are."""

from app.core import ids
from app.ports.accounts import Accounts, NewAccount, Session
from app.ports.users import User

NOW = 1_790_000_000_000
WEEK_MS = 7 * 86_400_000


def new_account(user_id: str, *, username: str | None = None, email: str | None = None) -> NewAccount:
    """An account nobody else has; `username` is its own key."""
    name = username or user_id.lower()
    address = email or f"{user_id}@example.org"
    user = User(user_id=user_id, user_no=0, username=name, display_name="Ada", created_at=NOW, updated_at=NOW)
    return NewAccount(
        user=user, username_key=name, email=address, email_key=address.encode(), password_hash=f"hash of {user_id}"
    )


def new_session(user_id: str, *, at_ms: int = NOW) -> Session:
    """A session of a week, not stored yet."""
    return Session(
        session_id=ids.new("ses"),
        user_id=user_id,
        created_at=at_ms,
        last_seen_at=at_ms,
        expires_at=at_ms + WEEK_MS,
        user_agent="Firefox",
        ip="192.0.2.1",
    )


async def join(accounts: Accounts) -> User:
    """Somebody new, registered and signed in."""
    user_id = ids.new("usr")
    return await accounts.register(new_account(user_id), new_session(user_id), ids.new("tok").encode())
