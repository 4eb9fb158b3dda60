"""Bodies of the auth routes."""

from typing import Annotated, Literal

import msgspec

from app.cards.schemas import Me

Short = Annotated[str, msgspec.Meta(max_length=1024)]
Transport = Literal["body", "cookie"]


class Register(msgspec.Struct):
    """A new account. With `transport: cookie` the refresh token comes as an HttpOnly cookie instead."""

    username: Short
    email: Short
    password: Short
    display_name: Short | None = None
    transport: Transport = "body"


class Login(msgspec.Struct):
    """`login` is a user name or an e-mail address."""

    login: Short
    password: Short
    transport: Transport = "body"


class Refresh(msgspec.Struct):
    """The refresh token, unless it comes as the cookie."""

    refresh_token: Short | None = None


class SignedIn(msgspec.Struct, omit_defaults=True):
    """What a sign-in gives. `expires_in` is in seconds; `refresh_token` is absent when it went into the cookie."""

    user: Me
    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str | None = None


class SessionItem(msgspec.Struct):
    session_id: str
    created_at: int
    last_seen_at: int
    user_agent: str
    ip: str
    current: bool


class SessionItems(msgspec.Struct):
    items: list[SessionItem]
    next_cursor: str | None
    has_more: bool
