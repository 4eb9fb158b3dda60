"""Answers of the two ASGI callables here: problem documents as everywhere else, and the bare minimum beside them."""

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from app.core.errors import Invalid, KinoraError, Unavailable
from app.http.problems import MEDIA_TYPE, Problem

NOSNIFF: Final = {"x-content-type-options": "nosniff"}


class NotAllowed(KinoraError):
    """A verb that this address has no use for; `allow` lists those it has."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"This address takes {allow} alone.")
        self.allow = allow


class TooSlow(KinoraError):
    """The client stopped sending, or sends next to nothing."""

    status = 408
    code = "body_timeout"


def problem(scope: Scope, error: KinoraError, *, close: bool = False) -> Response:
    """`error` as a problem document. `close` ends the connection: its request's body was not read to the end."""
    headers = {"cache-control": "no-store", **NOSNIFF}
    if isinstance(error, Unavailable):
        headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, NotAllowed):
        headers["allow"] = error.allow
    if close:
        headers["connection"] = "close"
    document = Problem(
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        code=error.code,
        errors=error.errors if isinstance(error, Invalid) else (),
        request_id=str(scope.get("state", {}).get("request_id", "")),
    )
    return Response(msgspec.json.encode(document), error.status, headers, MEDIA_TYPE)
