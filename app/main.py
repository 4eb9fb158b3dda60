"""The composition root: from settings to a serving application, or to running workers."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

import msgspec
from litestar import Litestar, Response, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from app import features
from app.adapters.files.origin import Origin
from app.adapters.files.put_door import PutDoor
from app.core.clock import Clock, system_ms
from app.core.config import Settings, load
from app.core.metrics import settle
from app.core.passport import Passports
from app.http import logs, problems
from app.http.access import AccessLog
from app.http.context import Context
from app.http.edge import EdgeDoor
from app.http.guard import make_guard
from app.http.hot import HotDoor
from app.http.operations import operations, product_version
from app.http.record import Record
from app.http.viewer import provide_viewer, provide_visitor
from app.http.web import WebClient
from app.stores import Stores, assemble, depths, open_stores

BODY_LIMIT_BYTES: Final = 2**20

logger = logging.getLogger(__name__)

Draining = Callable[[], bool]
Build = Callable[[Settings, Stores, Draining], Any]


class Application:
    """The ASGI application: opens everything at start-up, answers, and closes in order when asked to stop."""

    def __init__(self, settings: Settings, build: Build) -> None:
        self._settings = settings
        self._build = build
        self._resources = AsyncExitStack()
        self._serve: Any = None
        self._draining = False

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Lifespan here; everything else inside. Not a coroutine of its own: each costs a request something."""
        if scope["type"] == "lifespan":
            return self._lifespan(receive, send)
        answer: Awaitable[None] = self._serve(scope, receive, send)
        return answer

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            stores = await self._resources.enter_async_context(open_stores(self._settings))
            self._serve = self._build(self._settings, stores, lambda: self._draining)
            settle_memory()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._draining = True
        await self._resources.aclose()
        settle()
        await send({"type": "lifespan.shutdown.complete"})


def settle_memory() -> None:
    """What is there now stays for good: the collector need not go through it again, nor come by with every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def take_turns() -> None:
    """Lets a thread of this process that wakes wait for its turn. Else the server's thread, which has a request, and
    the loop's would interrupt each other for each one, where they share a core: a tenth of what it costs."""
    if hasattr(os, "SCHED_BATCH"):
        try:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        except PermissionError:
            logger.info("the scheduler's policy may not be chosen here")


def create_app() -> Application:
    """The factory of the API, called by a server in each of its processes."""
    return _created(serving)


def create_operator() -> Application:
    """The factory of the operator's port: metrics, readiness and the API's description, where production hides them."""
    return _created(operator)


def _created(build: Build) -> Application:
    settings = load(os.environ, os.getcwd())
    logs.configure(settings.log_level)
    take_turns()
    return Application(settings, build)


def serving(settings: Settings, stores: Stores, draining: Draining) -> Any:
    """Everything that answers requests, over opened stores."""
    front, behind = doors(settings, stores, draining, system_ms, AccessLog())
    return EdgeDoor(front, behind, Passports(stores.secret), system_ms) if settings.edge_port else front


def doors(settings: Settings, stores: Stores, draining: Draining, clock: Clock, log: AccessLog) -> tuple[Any, Any]:
    """The application with the hot door in front, and without: the same answers by another way."""
    built = features.build(settings, stores, clock)
    api = litestar(settings, stores, built, draining)
    origin = Origin(stores.blob_root, features.media_access(stores), stores.secret)
    put_door = PutDoor(stores.blobs, built.uploads.arrived)
    web = WebClient(api)

    async def door(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path.startswith(("/media/", "/avatars/")):
            await origin(scope, receive, send)
        elif path.startswith("/upload/"):
            await put_door(scope, receive, send)
        else:
            await web(scope, receive, send)

    record = Record(clock, log)
    behind = Context(door, record)
    return HotDoor(behind, record, built.hot), behind


def litestar(settings: Settings, stores: Stores, built: features.Features, draining: Draining) -> Litestar:
    """The API. In production what is the operator's business is not on it."""
    hidden = settings.env == "production"
    routes = operations(stores.checks, [depths(stores)], draining, public_only=hidden)
    schema = None if hidden else OpenAPIConfig(title="Kinora", version=product_version(), path="/schema")
    return Litestar(
        route_handlers=[routes, *built.routers],
        guards=[make_guard(built.doorkeeper, built.limits)],
        dependencies={
            "viewer": Provide(provide_viewer, sync_to_thread=False),
            "visitor": Provide(provide_visitor, sync_to_thread=False),
        },
        exception_handlers={Exception: problems.answer},
        openapi_config=schema,
        request_max_body_size=BODY_LIMIT_BYTES,
        logging_config=None,
        debug=False,
    )


def operator(settings: Settings, stores: Stores, draining: Draining) -> Any:
    """What answers on the operator's port."""
    document = openapi_json(settings)

    @get("/schema/openapi.json", sync_to_thread=False, include_in_schema=False)
    def schema() -> Response[bytes]:
        return Response(document, media_type="application/vnd.oai.openapi+json")

    routes = operations(stores.checks, [depths(stores)], draining)
    return Context(
        Litestar(
            route_handlers=[routes, schema],
            exception_handlers={Exception: problems.answer},
            openapi_config=None,
            logging_config=None,
        ),
        Record(system_ms, AccessLog()),
    )


def openapi_json(settings: Settings) -> bytes:
    """The OpenAPI document; made without asking any store."""
    clients = dict.fromkeys(
        (settings.redis_url, settings.feed_cache_url, settings.video_cache_url, settings.trending_cache_url)
    )
    unopened: Any = clients  # adapters keep what they are given and use it only when called
    pools = dict.fromkeys((settings.database_url, settings.videos_url, settings.activity_url))
    stores = assemble(settings, pools, unopened, unopened, unopened, unopened)
    settings = msgspec.structs.replace(settings, env="development")  # the whole of it, wherever it is asked for
    api = litestar(settings, stores, features.build(settings, stores, system_ms), lambda: False)
    return msgspec.json.format(msgspec.json.encode(api.openapi_schema.to_schema()), indent=1) + b"\n"


async def run_worker(settings: Settings, names: list[str]) -> int:
    """Runs the named workers (all of them without names) until SIGTERM or SIGINT; the exit code."""
    from app import workers  # the API has no need of what they import

    logs.configure(settings.log_level)
    stop = _stop_signal()
    async with open_stores(settings) as stores:
        await workers.run(settings, stores, names, stop)
    return 0


async def run_edge(settings: Settings) -> int:
    """Runs the process in front of the API until SIGTERM or SIGINT; the exit code."""
    from app.edge import server

    logs.configure(settings.log_level)
    stop = _stop_signal()
    async with open_stores(settings) as stores:
        built = features.build(settings, stores, system_ms)
        shared = server.shared(settings, stores, built, system_ms, AccessLog())
        settle_memory()
        await server.serve(settings, shared, stop)
    return 0


def _stop_signal() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
