"""Access tokens: RS256 JWTs of 15 minutes, checked strictly, and the refresh tokens beside them.

Only `typ: at+jwt`, `alg: RS256` and a `kid` we hold are accepted; nothing in a token's header is ever fetched or
trusted beyond that. A verified token is remembered until it expires, by its hash, which is a tenth as long: the next
check costs a dictionary look-up. Whether its session still lives is another question, asked each time
(`app.http.viewer`).
"""

import base64
import hashlib
import secrets
from collections import OrderedDict
from typing import Any, Final, Protocol

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from app.core import config
from app.core.errors import Unauthenticated

ACCESS_TTL_S: Final = config.ACCESS_TTL_S
REFRESH_TTL_S: Final = 7 * 24 * 3600
LEEWAY_S: Final = 30
AUDIENCE: Final = "kinora"
_LONGEST: Final = 4096
_REMEMBERED: Final = 10_000


class Claims(msgspec.Struct, frozen=True, gc=False):
    """Who a token speaks for. `expires_s` is seconds since 1970."""

    user_id: str
    session_id: str
    expires_s: int


class SigningKeys(Protocol):
    """The RSA keys: one signs, older ones still verify until every token they signed has expired."""

    def current(self) -> RSAKey:
        """The key that signs now."""

    def find(self, kid: str) -> RSAKey | None:
        """A key that may verify, or None."""

    def public(self) -> list[dict[str, Any]]:
        """All of them as public JWKs."""


class _Header(msgspec.Struct):
    alg: str
    kid: str
    typ: str


class _Body(msgspec.Struct):
    iss: str
    aud: str
    sub: str
    sid: str
    iat: int
    exp: int


class Tokens:
    """Makes and checks access tokens for one issuer. None that was made to live longer than `longest_s` is accepted."""

    def __init__(self, keys: SigningKeys, issuer: str, longest_s: int = ACCESS_TTL_S) -> None:
        self._keys = keys
        self._issuer = issuer
        self._longest_s = longest_s
        self._registry = JWSRegistry(algorithms=["RS256"])
        self._seen: OrderedDict[bytes, Claims] = OrderedDict()

    def mint(self, user_id: str, session_id: str, now_ms: int, ttl_s: int = ACCESS_TTL_S) -> str:
        """A fresh access token."""
        key = self._keys.current()
        now_s = now_ms // 1000
        header = {"alg": "RS256", "kid": key.kid, "typ": "at+jwt"}
        body = _Body(self._issuer, AUDIENCE, user_id, session_id, now_s, now_s + ttl_s)
        return jwt.encode(header, msgspec.to_builtins(body), key, registry=self._registry)

    def verify(self, token: str, now_ms: int) -> Claims:
        """Its claims; raises Unauthenticated for anything that is not exactly one of our living tokens."""
        name = _hash(token)
        claims = self._seen.get(name)
        if claims is None:
            claims = self._check(token, now_ms // 1000)
            self._seen[name] = claims
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        if claims.expires_s + LEEWAY_S <= now_ms // 1000:
            self._seen.pop(name, None)
            raise Unauthenticated("The access token has expired.", code="token_expired")
        return claims

    def remembered(self, token: str, now_ms: int) -> Claims | None:
        """Its claims if `verify` has accepted it before and it has not expired; None says nothing against it."""
        claims = self._seen.get(_hash(token))
        return claims if claims is not None and claims.expires_s + LEEWAY_S > now_ms // 1000 else None

    def _check(self, token: str, now_s: int) -> Claims:
        refusal = Unauthenticated("The access token is not valid.", code="token_invalid")
        if len(token) > _LONGEST or token.count(".") != 2:
            raise refusal
        try:
            head = msgspec.json.decode(_unpadded(token.split(".", 1)[0]), type=_Header)
            if head.alg != "RS256" or head.typ != "at+jwt":
                raise refusal
            key = self._keys.find(head.kid)
            if key is None:
                raise refusal
            body = msgspec.convert(jwt.decode(token, key, registry=self._registry).claims, type=_Body)
        except (ValueError, JoseError, RecursionError):  # msgspec's errors are ValueErrors
            raise refusal from None
        if body.iss != self._issuer or body.aud != AUDIENCE or body.iat > now_s + LEEWAY_S:
            raise refusal
        if body.exp - body.iat > self._longest_s:
            raise refusal
        return Claims(body.sub, body.sid, body.exp)


def new_refresh_token() -> str:
    """An opaque token of 256 random bits."""
    return "kr_" + secrets.token_urlsafe(32)


def refresh_hash(token: str) -> bytes:
    """What is stored of it. The token is random, so a plain hash can't be searched."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
