"""Access tokens: exactly our own living ones count, and nothing that merely looks like them."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.core.errors import Unauthenticated
from app.core.tokens import ACCESS_TTL_S, LEEWAY_S, Tokens, new_refresh_token, refresh_hash

ISSUER = "https://kinora.example"
NOW = 1_800_000_000_000
NOW_S = NOW // 1000


class Keys:
    """Keys in memory; `asked` notes each kid that was looked for."""

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": name, "alg": "RS256", "use": "sig"}) for name in ("new", "old")]
        self.asked: list[str] = []

    def current(self) -> RSAKey:
        return self.keys[0]

    def find(self, kid: str) -> RSAKey | None:
        self.asked.append(kid)
        return next((key for key in self.keys if key.kid == kid), None)

    def public(self) -> list[dict[str, Any]]:
        return [dict(key.as_dict(private=False)) for key in self.keys]


KEYS = Keys()
FOREIGN = RSAKey.generate_key(2048, {"kid": "new"})


def tokens() -> Tokens:
    """With nothing remembered."""
    return Tokens(KEYS, ISSUER)


def forged(header: dict[str, Any] | None = None, body: dict[str, Any] | None = None, key: RSAKey | None = None) -> str:
    """A token that differs from a good one as told; None leaves a claim out."""
    claims = {"iss": ISSUER, "aud": "kinora", "sub": "usr", "sid": "ses", "iat": NOW_S, "exp": NOW_S + 900}
    merged = {name: value for name, value in (claims | (body or {})).items() if value is not None}
    head = {"alg": "RS256", "kid": "new", "typ": "at+jwt"} | (header or {})
    head = {name: value for name, value in head.items() if value is not None}
    return jwt.encode(head, merged, key or KEYS.current())


def signed_by_hand(header: dict[str, Any], body: dict[str, Any], secret: bytes | None) -> str:
    """A token with HS256 under `secret`, or without any signature."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, body)]
    mac = hmac.digest(secret, b".".join(parts), hashlib.sha256) if secret is not None else b""
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def refused(token: str, now_ms: int = NOW) -> bool:
    try:
        tokens().verify(token, now_ms)
    except Unauthenticated:
        return True
    return False


def test_a_token_speaks_for_a_session_until_it_expires() -> None:
    made = tokens()
    token = made.mint("usr_1", "ses_1", NOW)

    claims = made.verify(token, NOW)

    assert (claims.user_id, claims.session_id, claims.expires_s) == ("usr_1", "ses_1", NOW_S + ACCESS_TTL_S)
    assert made.verify(token, NOW + (ACCESS_TTL_S + LEEWAY_S) * 1000 - 1) == claims
    for fresh_or_remembered in (tokens(), made):
        with pytest.raises(Unauthenticated):
            fresh_or_remembered.verify(token, NOW + (ACCESS_TTL_S + LEEWAY_S) * 1000)


def test_a_token_lives_no_longer_than_its_reader_accepts() -> None:
    of_a_load_test = Tokens(KEYS, ISSUER, longest_s=3600)
    token = of_a_load_test.mint("usr_1", "ses_1", NOW, ttl_s=3600)

    assert of_a_load_test.verify(token, NOW).expires_s == NOW_S + 3600
    assert refused(token)


def test_the_forgery_tools_make_a_good_token_when_nothing_is_wrong() -> None:
    assert not refused(forged())
    assert not refused(forged({"kid": "old"}, key=KEYS.keys[1]))


@pytest.mark.parametrize(
    "body",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"aud": "other"},
        {"aud": ["kinora"]},
        {"exp": NOW_S - LEEWAY_S},
        {"exp": NOW_S + ACCESS_TTL_S + 1},
        {"exp": str(NOW_S + 900)},
        {"exp": 10**30},
        {"iat": NOW_S + LEEWAY_S + 1, "exp": NOW_S + 900},
        *({name: None} for name in ("iss", "aud", "sub", "sid", "iat", "exp")),
        {"sub": 5},
        {"sid": {"$ne": 1}},
    ],
)
def test_claims_that_are_wrong_or_missing(body: dict[str, Any]) -> None:
    assert refused(forged(body=body))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "at+JWT"},
        {"kid": "gone"},
        {"kid": ""},
        {"kid": None},
        {"kid": "../../../dev/null"},
        {"kid": "new' OR '1'='1"},
        {"kid": "new\0"},
    ],
)
def test_headers_that_are_wrong(header: dict[str, Any]) -> None:
    assert refused(forged(header))


def test_a_key_that_a_token_brings_along_is_not_believed() -> None:
    jwk = FOREIGN.as_dict(private=False)
    assert refused(forged({"jwk": jwk}, key=FOREIGN))
    assert refused(forged({"jku": "https://evil.example/jwks.json"}, key=FOREIGN))
    assert refused(forged({"x5u": "https://evil.example/x.pem"}, key=FOREIGN))
    assert refused(forged(key=FOREIGN))
    assert refused(forged({"kid": "old"}))


def test_no_other_algorithm_counts() -> None:
    body = {"iss": ISSUER, "aud": "kinora", "sub": "usr", "sid": "ses", "iat": NOW_S, "exp": NOW_S + 900}
    head = {"kid": "new", "typ": "at+jwt"}
    for name in ("none", "None", "NONE", "nOnE", ""):
        assert refused(signed_by_hand(head | {"alg": name}, body, None))
    public = KEYS.current().as_pem(private=False)
    for secret in (public, public.strip(), json.dumps(KEYS.public()[0]).encode(), b"", b"secret"):
        assert refused(signed_by_hand(head | {"alg": "HS256"}, body, secret))
        assert refused(signed_by_hand(head | {"alg": "RS256"}, body, secret))
    for algorithm in ("RS384", "RS512", "PS256"):
        with pytest.raises(Unauthenticated):
            tokens().verify(signed_by_hand(head | {"alg": algorithm}, body, b"x" * 64), NOW)


def test_one_changed_bit_anywhere_is_refused() -> None:
    token = tokens().mint("usr_1", "ses_1", NOW)
    good = base64.urlsafe_b64decode(token.rsplit(".", 1)[1] + "==")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(0, len(token), 3):
        if token[place] == ".":
            continue
        other = alphabet[alphabet.index(token[place]) ^ 16]
        assert refused(token[:place] + other + token[place + 1 :]), place
    assert len(good) == 256


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "a.b", "a.b.c.d", "x" * 5000, "ü.ü.ü", "\0.\0.\0", "." * 4000]
)
def test_what_is_no_token(token: str) -> None:
    assert refused(token)


@given(token=st.text(max_size=200))
def test_no_text_counts_by_chance_and_none_raises_anything_else(token: str) -> None:
    assert refused(token)


def test_deep_headers_and_bodies_are_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 2000).rstrip(b"=").decode()
    good = tokens().mint("usr_1", "ses_1", NOW).split(".")
    assert refused(f"{deep}.{good[1]}.{good[2]}")
    assert refused(f"{good[0]}.{deep}.{good[2]}"[:4096])


def test_refresh_tokens_are_random_and_stored_as_hashes() -> None:
    one, other = new_refresh_token(), new_refresh_token()
    assert one != other
    assert one.startswith("kr_")
    assert len(one) >= 40
    assert refresh_hash(one) == hashlib.sha256(one.encode()).digest()
    assert refresh_hash("kr_\ud800")  # whatever a client sends has some hash
