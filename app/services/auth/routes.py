"""/api/v1/auth and the public keys."""

from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from app.core import ids
from app.core.errors import NotFound
from app.core.tokens import REFRESH_TTL_S, SigningKeys
from app.http.idempotency import once
from app.http.limits import client_address
from app.http.paging import Cursor, Id, Limit
from app.http.viewer import CurrentViewer
from app.ports.accounts import Accounts
from app.services.auth.actions import AuthActions, Device, Seal
from app.services.auth.reads import AuthReads
from app.services.auth.schemas import Login, Refresh, Register, SessionItems, SignedIn, Transport

COOKIE: Final = "kinora_refresh"
COOKIE_PATH: Final = "/api/v1/auth"
NO_STORE: Final = {"cache-control": "no-store"}


def routes(actions: AuthActions, reads: AuthReads, accounts: Accounts, *, secure: bool) -> Router:
    """The router. `secure` is for cookies: true where the public address is https."""

    def cookie(value: str, max_age_s: int) -> Cookie:
        return Cookie(
            COOKIE, path=COOKIE_PATH, value=value, max_age=max_age_s, httponly=True, samesite="strict", secure=secure
        )

    def answer(signed_in: SignedIn, transport: Transport, status: int) -> Response[SignedIn]:
        cookies = []
        if transport == "cookie" and signed_in.refresh_token:
            cookies = [cookie(signed_in.refresh_token, REFRESH_TTL_S)]
            signed_in.refresh_token = None
        return Response(signed_in, status_code=status, cookies=cookies, headers=NO_STORE)

    @post("/register", opt={"limit": "auth"})
    async def register(request: Request[Any, Any, Any], data: JSONBody[Register]) -> Response[SignedIn]:
        """Makes an account and signs in."""
        device = _device(request)
        made: list[SignedIn] = []

        async def create(seal: Seal) -> SignedIn:
            made.append(await actions.register(data, device, seal))
            return made[0]

        caller = "ip-" + client_address(request)
        without_password = msgspec.structs.replace(data, password="")
        await once(request, caller, without_password, 201, accounts.find_receipt, create)
        again = Login(data.username, data.password)
        return answer(made[0] if made else await actions.login(again, device), data.transport, 201)

    @post("/login", status_code=200, opt={"limit": "auth"})
    async def login(request: Request[Any, Any, Any], data: JSONBody[Login]) -> Response[SignedIn]:
        """Signs in with a name or an address."""
        return answer(await actions.login(data, _device(request)), data.transport, 200)

    @post("/refresh", status_code=200, opt={"limit": "auth"})
    async def refresh(request: Request[Any, Any, Any], data: JSONBody[Refresh]) -> Response[SignedIn]:
        """Spends a refresh token for new tokens. A token from the cookie is answered in the cookie."""
        from_cookie = request.cookies.get(COOKIE)
        signed_in = await actions.refresh(data.refresh_token or from_cookie)
        return answer(signed_in, "body" if data.refresh_token else "cookie", 200)

    @post("/logout", status_code=204)
    async def logout(viewer: CurrentViewer) -> Response[None]:
        """Ends this session."""
        await actions.end_session(viewer, viewer.session_id)
        return Response(None, status_code=204, cookies=[cookie("", 0)], headers=NO_STORE)

    @get("/sessions")
    async def sessions(viewer: CurrentViewer, cursor: Cursor = None, limit: Limit = 20) -> Response[SessionItems]:
        """One's living sessions."""
        return Response(await reads.sessions(viewer, cursor, limit), headers={"cache-control": "private, no-store"})

    @delete("/sessions/{session_id:str}", status_code=204)
    async def end_session(viewer: CurrentViewer, session_id: Id) -> None:
        """Ends one session."""
        if not ids.is_id(session_id, "ses") or not await actions.end_session(viewer, session_id):
            raise NotFound("There is no such session.")

    @delete("/sessions", status_code=204)
    async def end_others(viewer: CurrentViewer) -> None:
        """Ends every session but this one."""
        await actions.end_others(viewer)

    return Router(
        "/api/v1/auth",
        route_handlers=[register, login, refresh, logout, sessions, end_session, end_others],
        tags=["auth"],
    )


def jwks(keys: SigningKeys) -> Router:
    """/.well-known/jwks.json"""

    @get("/.well-known/jwks.json", sync_to_thread=False)
    def public_keys() -> Response[dict[str, list[dict[str, Any]]]]:
        """The public keys access tokens are signed with."""
        return Response({"keys": keys.public()}, headers={"cache-control": "public, max-age=60"})

    return Router("/", route_handlers=[public_keys], tags=["auth"])


def _device(request: Request[Any, Any, Any]) -> Device:
    agent = request.headers.get("user-agent", "")[:300]
    return Device(client_address(request), "".join(letter if letter.isprintable() else " " for letter in agent))
