"""For whoever runs Kinora: alive, ready, which version, and the metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import msgspec
from litestar import Response, Router, get

from app.core import metrics
from app.core.errors import KinoraError

CHECK_TIMEOUT_S: Final = 2.0
Check = Callable[[], Awaitable[None]]


class Readiness(msgspec.Struct):
    """`parts` maps each needed store to "ok" or a sentence."""

    ready: bool
    parts: dict[str, str]


class Version(msgspec.Struct):
    name: str
    version: str


def product_version() -> str:
    """The installed version, or that of the source tree."""
    try:
        return version("kinora")
    except PackageNotFoundError:
        return "0.1.0"


async def check_all(checks: dict[str, Check]) -> dict[str, str]:
    """Every check at once, each within its timeout."""

    async def one(check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check()
        except TimeoutError:
            return f"no answer within {CHECK_TIMEOUT_S:g} s"
        except KinoraError as error:
            return error.detail
        return "ok"

    answers = await asyncio.gather(*(one(check) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


def operations(
    checks: dict[str, Check], samples: list[metrics.Sample], draining: Callable[[], bool], *, public_only: bool = False
) -> Router:
    """The router; `draining` is true once shutting down has begun. `public_only` leaves the operator's routes out."""

    @get("/livez", opt={"limit": None}, sync_to_thread=False)
    def livez() -> Response[bytes]:
        return Response(b"ok\n", media_type="text/plain", headers={"cache-control": "no-store"})

    @get("/readyz", opt={"limit": None})
    async def readyz() -> Response[Readiness]:
        parts = {"server": "shutting down"} if draining() else await check_all(checks)
        ready = all(state == "ok" for state in parts.values())
        headers = {"cache-control": "no-store"}
        return Response(Readiness(ready, parts), status_code=200 if ready else 503, headers=headers)

    @get("/version", opt={"limit": None}, sync_to_thread=False)
    def version_() -> Version:
        return Version("kinora", product_version())

    @get("/metrics", opt={"limit": None}, include_in_schema=False)
    async def metrics_() -> Response[bytes]:
        body = await metrics.render(samples)
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")

    handlers = [livez, version_] if public_only else [livez, version_, readyz, metrics_]
    return Router("/", route_handlers=handlers, tags=["operations"])
