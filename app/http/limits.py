"""Rate limits: the documented ones per person and route, a default for every other route, per address for visitors."""

import socket
from functools import lru_cache
from typing import Any, Final

import msgspec
from litestar.connection import ASGIConnection

from app.core.config import Settings
from app.core.errors import RateLimited
from app.http.viewer import viewer_of
from app.ports.limiter import Limiter, Verdict

HOUR_S: Final = 3600
MINUTE_S: Final = 60
NAMED: Final = 10_000  # visitors whose name is kept
MAPPED: Final = bytes(10) + b"\xff\xff"  # begins an IPv6 address that stands for an IPv4 one
COUNTED: Final = "counted"  # in a request's state: the verdict of a door that went through it before


class Policy(msgspec.Struct, frozen=True):
    """At most `limit` requests in any `window_s` seconds. `name` is the key's last part."""

    name: str
    limit: int
    window_s: int


class Limits:
    """Counts each request under its route's policy."""

    def __init__(self, limiter: Limiter, settings: Settings) -> None:
        self._limiter = limiter
        minute = settings.requests_per_minute
        self._policies = {
            policy.name: policy
            for policy in (
                Policy("upload", settings.uploads_per_hour, HOUR_S),
                Policy("feed", settings.feeds_per_minute, MINUTE_S),
                Policy("like", settings.likes_per_hour, HOUR_S),
                Policy("comment", settings.comments_per_minute, MINUTE_S),
                Policy("auth", max(10, minute // 5), MINUTE_S),
                Policy("view", minute * 4, MINUTE_S),
                Policy("default", minute, MINUTE_S),
            )
        }

    def policy(self, name: str) -> Policy:
        """The policy of this name."""
        return self._policies[name]

    async def count(self, connection: ASGIConnection[Any, Any, Any, Any], name: str) -> None:
        """Admits the request or raises RateLimited; either way its verdict is kept for the answer's headers.

        A door in front may have counted it already (`COUNTED`): no request is counted twice.
        """
        policy = self._policies[name]
        state = connection.scope["state"]
        verdict: Verdict | None = state.pop(COUNTED, None)
        if verdict is None:
            viewer = viewer_of(connection)
            caller = viewer.user_id if viewer else visitor_name(host_of(connection.scope))
            verdict = await self._limiter.take(caller, policy.name, policy.limit, policy.window_s)
        state["limit"] = (policy, verdict)
        if not verdict.allowed:
            raise RateLimited(
                f"At most {policy.limit} requests in {policy.window_s} seconds here.",
                retry_after_s=max(1, verdict.reset_after_s),
            )


def headers(policy: Policy, verdict: Verdict) -> list[tuple[bytes, bytes]]:
    """The `RateLimit` and `RateLimit-Policy` fields (draft-ietf-httpapi-ratelimit-headers)."""
    return [
        (b"ratelimit-policy", f'"{policy.name}";q={policy.limit};w={policy.window_s}'.encode()),
        (b"ratelimit", f'"{policy.name}";r={verdict.remaining};t={verdict.reset_after_s}'.encode()),
    ]


@lru_cache(maxsize=NAMED)
def visitor_name(host: str) -> str:
    """Whom an anonymous request of this peer counts for: IPv6 counts by its /64, however it is written, and an IPv4
    address in the clothes of IPv6 as itself. What is no address keeps its text."""
    if ":" not in host:
        return "ip-" + host
    try:
        packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except (OSError, ValueError):
        return "ip-" + host
    if packed.startswith(MAPPED):
        return "ip-" + socket.inet_ntoa(packed[len(MAPPED) :])
    return "ip-" + ":".join(f"{packed[at] << 8 | packed[at + 1]:x}" for at in (0, 2, 4, 6)) + "_64"


def host_of(scope: Any) -> str:
    """The peer's address as the server saw it: forwarded headers are not believed."""
    client = scope.get("client")
    return str(client[0]) if client else "-"


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The peer as it is counted."""
    return visitor_name(host_of(connection.scope)).removeprefix("ip-")
