"""Errors as RFC 9457 problem documents: one handler for everything that may be raised."""

import logging
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from app.core.errors import FieldError, Invalid, KinoraError, RateLimited, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
_CODES: Final = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    503: "unavailable",
}


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The body of every error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] = ()
    request_id: str


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to an exception: the family of `app.core.errors`, the framework's own, or our mistake."""
    headers = {"cache-control": "no-store"}
    if isinstance(error, KinoraError) and error.status != 500:
        errors = error.errors if isinstance(error, Invalid) else ()
        if isinstance(error, RateLimited | Unavailable):
            headers["retry-after"] = str(error.retry_after_s)
        return _problem(request, error.status, error.detail, error.code, errors, headers)
    if isinstance(error, ValidationException):
        return _problem(request, 400, "The request breaks a rule.", "invalid", _fields(error), headers)
    if isinstance(error, HTTPException) and error.status_code < 500:
        headers |= error.headers or {}
        detail = HTTPStatus(error.status_code).phrase + "."
        return _problem(request, error.status_code, detail, _CODES.get(error.status_code, "refused"), (), headers)
    if isinstance(error, UnicodeDecodeError | RecursionError | msgspec.DecodeError):
        # A body no decoder can read: bytes that are not UTF-8, or nesting without end.
        fields = (FieldError("", "malformed", "The body is not well-formed JSON."),)
        return _problem(request, 400, "The body is not well-formed JSON.", "invalid", fields, headers)
    log.error("unhandled", exc_info=error, extra={"path": request.scope.get("path", "")})
    return _problem(request, 500, "Something went wrong on our side.", "internal", (), headers)


def _problem(
    request: Request[Any, Any, Any],
    status: int,
    detail: str,
    code: str,
    errors: tuple[FieldError, ...],
    headers: dict[str, str],
) -> Response[bytes]:
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=errors,
        request_id=str(request.scope.get("state", {}).get("request_id", "")),
    )
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _fields(error: ValidationException) -> tuple[FieldError, ...]:
    """Litestar's own list of what failed, as pointers into body or query."""
    found = []
    for item in error.extra if isinstance(error.extra, list) else []:
        key = str(item.get("key", ""))
        path = "/" + key.replace("[", "/").replace("]", "").replace(".", "/") if key and key != "data" else ""
        pointer = f"?{key}" if item.get("source") == "query" else path
        found.append(FieldError(pointer, "invalid", str(item.get("message", "invalid"))))
    return tuple(found[:20]) or (FieldError("", "invalid", error.detail),)
