"""The one guard in front of every handler: who asks, how often, and in what form.

A handler says what it needs in its options: `limit=` the name of its rate limit ("default" if it says nothing, None for
the operator's routes), `body="raw"` if it does not take JSON.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from app.core.errors import UnsupportedMedia
from app.http.hot import FAILED
from app.http.limits import Limits
from app.http.viewer import Doorkeeper

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def make_guard(doorkeeper: Doorkeeper, limits: Limits) -> Guard:
    """The guard, over the two who decide."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        limit = handler.opt.get("limit", "default")
        if limit is None:
            return
        state = connection.scope["state"]
        state["viewer"] = await doorkeeper.admit(connection.headers.get("authorization"))
        await limits.count(connection, limit)
        if FAILED in state:
            raise state.pop(FAILED)
        if handler.opt.get("body") != "raw":
            _only_json(connection)

    return guard


def _only_json(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """A form or plain text could be sent by any page in the visitor's browser; JSON could not."""
    if cast("Any", connection.scope)["method"] not in {"POST", "PUT", "PATCH"}:
        return
    has_body = connection.headers.get("content-length", "0") != "0" or "transfer-encoding" in connection.headers
    kind = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind != "application/json":
        raise UnsupportedMedia("Send the body as application/json.")
