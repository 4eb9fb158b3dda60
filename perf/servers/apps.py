"""What the measured servers serve, as factories for granian, the same program with the same options for each.

product      the application as `kinora run` serves it
doors        the same, with a constant answer of $PERF_BODY behind its hot door, at the path CANNED
canned       one constant answer by raw ASGI, of the bytes in $PERF_BODY: no limit, no metrics, no log
documented   `perf.servers.documented`

With $PERF_PLANT set to a path, each request for it is worked through twice.
"""

import os
from pathlib import Path
from typing import Any, Final

import msgspec

from app import main
from app.core.clock import system_ms
from app.core.config import Settings, load
from app.http import logs
from app.http.access import AccessLog
from app.http.hot import Answer, Fields, HotDoor, Outcome, Waiter
from app.http.limits import Limits, visitor_name
from app.ports.limiter import Verdict
from app.stores import Stores

CANNED: Final = "/canned"


def product() -> Any:
    """The product, unchanged unless a slowdown is planted."""
    return _planted(main.create_app())


def doors() -> Any:
    """The product, whose hot door has one path more: what it answers is always the same."""
    settings = load(os.environ, os.getcwd())
    logs.configure(settings.log_level)
    main.take_turns()
    return _planted(main.Application(settings, _with_canned))


def canned() -> Any:
    """The least that answers with a body of that size."""
    main.take_turns()
    body = Path(os.environ["PERF_BODY"]).read_bytes()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return _planted(app)


def documented() -> Any:
    """The feed on the documented layout."""
    from perf.servers.documented import create_app

    main.take_turns()
    return _planted(
        create_app(os.environ["PERF_REDIS_URL"], Path(os.environ["PERF_KEYS"]), os.environ["KINORA_PUBLIC_URL"])
    )


async def lifespan(receive: Any, send: Any) -> None:
    """Says yes to start and stop."""
    for _ in range(2):
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


class CannedRead:
    """`app.http.hot.HotRead`: counted as Trending is, then constant."""

    def __init__(self, settings: Settings, stores: Stores, body: bytes) -> None:
        # Under a name of its own: the limit is a million a minute at most, and one side alone comes near that.
        self.policy = msgspec.structs.replace(Limits(stores.limiter, settings).policy("feed"), name="canned")
        self._counted = (self.policy.name, self.policy.limit, self.policy.window_s)
        self._pages = stores.hot_pages
        self._body = body
        length = str(len(body)).encode()
        self._headers = [(b"content-type", b"application/json"), (b"content-length", length)]

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, Any] | None:
        return self._pages.count(visitor_name(host), self._counted)

    def answer(self, asked: Any, replies: list[Any]) -> Outcome:
        verdict = self._pages.counted(asked, replies)
        return Answer(200, self._headers, self._body, b"-", verdict.remaining) if verdict.allowed else verdict

    async def in_full(self, asked: Any, verdict: Verdict) -> Outcome:
        raise AssertionError("what is allowed is answered")


def _with_canned(settings: Settings, stores: Stores, draining: main.Draining) -> Any:
    front, _ = main.doors(settings, stores, draining, system_ms, AccessLog())
    canned = CannedRead(settings, stores, Path(os.environ["PERF_BODY"]).read_bytes())
    # In place of the door, not beside it, which would cost one side more.
    return HotDoor(front.app, front.record, {**front.table, CANNED: canned})


class Slowed:
    """The same answers, those of one path for twice the work."""

    def __init__(self, app: Any, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == self._path:
            await self._app({**scope, "state": dict(scope.get("state") or {})}, _nothing, _drop)
        await self._app(scope, receive, send)


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(_message: Any) -> None:
    return None


def _planted(app: Any) -> Any:
    path = os.environ.get("PERF_PLANT")
    return Slowed(app, path) if path else app
