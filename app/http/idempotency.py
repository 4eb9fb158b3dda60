"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) for the POSTs that create something.

The answer is stored in the transaction that creates; the same key with the same body gets the same answer again,
with another body 422. Keys belong to their caller.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request, Response

from app.core.errors import Conflict, Invalid, Mismatch
from app.core.events import Receipt

HEADER: Final = "idempotency-key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")

T = TypeVar("T", bound=msgspec.Struct)
Find = Callable[[str, str], Awaitable[Receipt | None]]
Seal = Callable[[msgspec.Struct], Receipt | None]
Create = Callable[[Seal], Awaitable[T]]


async def once(
    request: Request[Any, Any, Any], caller: str, body: msgspec.Struct, status: int, find: Find, create: Create[T]
) -> Response[T]:
    """Answers with what `create` returns, or with what it returned when this key was first used.

    `create` gets `seal`, which turns its answer into the receipt to store with the record (None without a key).
    """
    key = request.headers.get(HEADER)
    if key is None:
        answer = await create(lambda _answer: None)
        return _json(msgspec.json.encode(answer), status)
    if not _KEY.match(key):
        raise Invalid("", "bad_idempotency_key", "Idempotency-Key has 1–255 visible ASCII characters.")
    fingerprint = hashlib.sha256(request.scope["path"].encode() + b"\0" + msgspec.json.encode(body)).digest()

    def seal(answer: msgspec.Struct) -> Receipt:
        return Receipt(caller, key, fingerprint, status, msgspec.json.encode(answer))

    stored = await find(caller, key)
    if stored is None:
        try:
            return _json(msgspec.json.encode(await create(seal)), status)
        except Conflict:
            # Taken, or the same request won a race with itself: then its answer is there now.
            stored = await find(caller, key)
            if stored is None:
                raise
    if stored.fingerprint != fingerprint:
        raise Mismatch("This Idempotency-Key was used with another request.")
    return _json(stored.body, stored.status)


def _json(body: bytes, status: int) -> Response[Any]:
    return Response(body, status_code=status, media_type="application/json")
