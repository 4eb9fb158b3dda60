"""Registration, sign-in, rotation and the end of sessions."""

from collections.abc import Callable
from typing import Final

import msgspec

from app.cards.people import People
from app.cards.schemas import Me
from app.core import events, ids, names, text
from app.core.clock import Clock
from app.core.errors import Unauthenticated, Unavailable
from app.core.events import Receipt
from app.core.metrics import FALLBACKS
from app.core.tokens import ACCESS_TTL_S, REFRESH_TTL_S, Tokens, new_refresh_token, refresh_hash
from app.http.viewer import Doorkeeper, Viewer
from app.ports.accounts import Accounts, NewAccount, Session
from app.ports.sessions import SessionCache
from app.ports.users import User
from app.services.auth.passwords import Passwords
from app.services.auth.schemas import Login, Register, SignedIn

GRACE_MS: Final = 10_000  # two tabs may spend the same refresh token within this time
_WRONG: Final = "This name and password don't belong together."

Seal = Callable[[msgspec.Struct], Receipt | None]


class Device(msgspec.Struct, frozen=True):
    """Where a sign-in comes from, as shown in the list of sessions."""

    ip: str
    user_agent: str


class AuthActions:
    """The writes of auth."""

    def __init__(
        self,
        accounts: Accounts,
        cache: SessionCache,
        people: People,
        tokens: Tokens,
        passwords: Passwords,
        doorkeeper: Doorkeeper,
        secret: bytes,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._cache = cache
        self._people = people
        self._tokens = tokens
        self._passwords = passwords
        self._doorkeeper = doorkeeper
        self._secret = secret
        self._clock = clock

    async def register(self, wish: Register, device: Device, seal: Seal) -> SignedIn:
        """A new account and its first session. Conflict if name or address is taken."""
        name = names.username(wish.username)
        email = names.email(wish.email)
        self._passwords.check_rules(wish.password)
        shown = text.clean(wish.display_name or name, "/display_name", longest=50, shortest=1)
        password_hash = await self._passwords.hash(wish.password)
        now_ms = self._clock()
        user = User(
            user_id=ids.new("usr", now_ms),
            user_no=0,
            username=name,
            display_name=shown,
            created_at=now_ms,
            updated_at=now_ms,
        )
        session, refresh = self._new_session(user.user_id, device, now_ms)
        signed_in = self._signed_in(self._people.fresh_me(user, email), session, refresh, now_ms)
        account = NewAccount(
            user=user,
            username_key=names.username_key(name),
            email=email,
            email_key=names.email_key(email, self._secret),
            password_hash=password_hash,
        )
        # Tokens are never stored: whoever repeats this request with its key gets tokens of a session of their own.
        receipt = seal(msgspec.structs.replace(signed_in, access_token="", refresh_token=None))
        await self._accounts.register(account, session, refresh_hash(refresh), receipt=receipt)
        return signed_in

    async def login(self, wish: Login, device: Device) -> SignedIn:
        """A new session. The same answer, after the same work, for an unknown name and for a wrong password."""
        if "@" in wish.login:
            found = await self._accounts.find(email_key=names.email_key(wish.login.strip(), self._secret))
        else:
            found = await self._accounts.find(username_key=names.username_key(wish.login.strip().lower()))
        fits = await self._passwords.verify(found.password_hash if found else None, wish.password)
        if found is None or not fits:
            raise Unauthenticated(_WRONG, code="wrong_credentials")
        if self._passwords.outdated(found.password_hash):
            await self._accounts.set_password(found.user_id, await self._passwords.hash(wish.password))
        now_ms = self._clock()
        session, refresh = self._new_session(found.user_id, device, now_ms)
        await self._accounts.open_session(session, refresh_hash(refresh))
        return self._signed_in(await self._people.me(found.user_id), session, refresh, now_ms)

    async def refresh(self, token: str | None) -> SignedIn:
        """New tokens for a refresh token, which is spent by it. One that was spent before ends its whole family."""
        if not token:
            raise Unauthenticated("There is no refresh token.", code="refresh_missing")
        now_ms = self._clock()
        successor = new_refresh_token()
        rotation = await self._accounts.rotate(refresh_hash(token), refresh_hash(successor), now_ms, grace_ms=GRACE_MS)
        if rotation.outcome == "reused" and rotation.session:
            await self._ended(rotation.session.session_id)
        if rotation.outcome != "rotated" or rotation.session is None:
            raise Unauthenticated("Sign in again: this refresh token no longer counts.", code="refresh_invalid")
        me = await self._people.me(rotation.session.user_id)
        return self._signed_in(me, rotation.session, successor, now_ms)

    async def end_session(self, viewer: Viewer, session_id: str) -> bool:
        """Ends one of the viewer's sessions; False if there is no such living one."""
        now_ms = self._clock()
        fact = events.event("session.revoked", viewer.user_id, now_ms, user_id=viewer.user_id, session_id=session_id)
        ended = await self._accounts.revoke(viewer.user_id, session_id, now_ms, events=[fact])
        if ended:
            await self._ended(session_id)
        return ended

    async def end_others(self, viewer: Viewer) -> None:
        """Ends every session of the viewer but this one."""
        for session_id in await self._accounts.revoke_others(viewer.user_id, viewer.session_id, self._clock()):
            await self._ended(session_id)

    async def _ended(self, session_id: str) -> None:
        self._doorkeeper.forget(session_id)
        try:
            await self._cache.revoked(session_id)
        except Unavailable:
            FALLBACKS.labels("session").inc()  # the event `session.revoked` will do it

    def _new_session(self, user_id: str, device: Device, now_ms: int) -> tuple[Session, str]:
        session = Session(
            session_id=ids.new("ses", now_ms),
            user_id=user_id,
            created_at=now_ms,
            last_seen_at=now_ms,
            expires_at=now_ms + REFRESH_TTL_S * 1000,
            user_agent=device.user_agent,
            ip=device.ip,
        )
        return session, new_refresh_token()

    def _signed_in(self, me: Me, session: Session, refresh: str, now_ms: int) -> SignedIn:
        access = self._tokens.mint(session.user_id, session.session_id, now_ms)
        return SignedIn(me, access, "Bearer", ACCESS_TTL_S, refresh)
