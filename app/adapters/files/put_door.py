"""The door for uploads: `PUT /upload/{video_id}` and `PUT /upload/{video_id}/parts/{n}` with a signed query.

Refusals are 403 for whatever the signature does not cover (verb, key, part, length, type, time) and for a sealed key,
400 for bytes that are missing or fail their checksum, 408 for a client that stalls, 503 for a store without room. The
body is read only after everything else was found right; a refusal in mid-body closes the connection.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.adapters.files.answers import NOSNIFF, TooSlow, problem
from app.adapters.files.blobs import FileBlobs
from app.adapters.files.signing import Grant
from app.core import ids
from app.core.errors import Forbidden, KinoraError, NotFound, Unavailable

log = logging.getLogger(__name__)

WINDOW_S: Final = 25.0
WINDOW_BYTES: Final = 16 * 2**10  # in each window; a client below 5 kbit/s would hold its connection for days
BODY_S: Final = 3600.0
ARRIVAL_S: Final = 10.0
MAX_BODIES: Final = 64  # at once; each holds a file and up to a few megabytes on their way to it

_PATH: Final = re.compile(r"/upload/(vid_[0-9A-Z]{26})(?:/parts/([1-9][0-9]{0,4}))?")

Arrival = Callable[[str], Awaitable[None]]


class PutDoor:
    """An ASGI callable. `on_arrival` gets the key of each whole object once it is durable; when it fails the object
    stays and a sweep completes the upload, so that its failure is none of the client's."""

    def __init__(self, blobs: FileBlobs, on_arrival: Arrival, *, window_s: float = WINDOW_S) -> None:
        self._blobs = blobs
        self._on_arrival = on_arrival
        self._window_s = window_s
        self._bodies = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._take_in(scope, receive)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except KinoraError as error:
            response = problem(scope, error, close=True)
        await response(scope, receive, send)

    async def _take_in(self, scope: Scope, receive: Receive) -> Response:
        match = _PATH.fullmatch(scope["path"])
        if match is None or not ids.is_id(match[1], "vid"):
            raise NotFound("There is no such upload.")
        if scope["method"] != "PUT":
            raise Forbidden("This address is signed for PUT alone.", code="bad_signature")
        number = int(match[2]) if match[2] else None
        grant = self._blobs.check(f"uploads/{match[1]}", number, scope["query_string"].decode("latin-1"))
        headers = Headers(scope=scope)
        _check_headers(headers, grant)
        if self._bodies >= MAX_BODIES:
            raise Unavailable("Too many uploads arrive at once.")
        self._bodies += 1
        try:
            async with aclosing(_body(receive, self._window_s)) as chunks:
                etag = await self._blobs.put(grant, chunks, headers.get("x-amz-checksum-sha256"))
        finally:
            self._bodies -= 1
        if grant.number is None:
            await self._announce(grant.key)
        return Response(b"", 200, {"etag": etag, "cache-control": "no-store", **NOSNIFF})

    async def _announce(self, key: str) -> None:
        try:
            async with asyncio.timeout(ARRIVAL_S):
                await self._on_arrival(key)
        except Exception:
            log.exception("arrival_not_handled", extra={"key": key})


def _check_headers(headers: Headers, grant: Grant) -> None:
    """Length and type against what was signed. A client that names no type means the signed one; one that sends
    chunks without a length is counted as they come."""
    length = headers.get("content-length")
    if length is not None and length != str(grant.size_bytes):
        detail = f"This address takes exactly {grant.size_bytes} bytes."
        raise Forbidden(detail, code="wrong_length")
    type_ = headers.get("content-type")
    if None not in (type_, grant.content_type) and type_ != grant.content_type:
        raise Forbidden(f"This address takes {grant.content_type} alone.", code="wrong_type")


async def _body(receive: Receive, window_s: float) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises TooSlow when a window brings too little, ClientDisconnect when the client goes."""
    loop = asyncio.get_running_loop()
    end = loop.time() + BODY_S
    window_end, window_bytes = loop.time() + window_s, 0
    while True:
        try:
            async with asyncio.timeout_at(min(window_end, end)):
                message = await receive()
        except TimeoutError:
            raise TooSlow("The body came too slowly; send it again, in parts where they are offered.") from None
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        window_bytes += len(chunk)
        if window_bytes >= WINDOW_BYTES:
            window_end, window_bytes = loop.time() + window_s, 0
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return
