"""Everything that may go wrong, as a small family; `app.http.problems` gives each its answer.

KinoraError
├── Invalid              400  the request breaks a rule; names the field
│   └── BadCursor        400  the cursor is expired, foreign or edited
├── Unauthenticated      401  no token, or one that no longer counts
├── Forbidden            403  known and visible, yet not allowed
├── NotFound             404  absent, or not for this viewer: the two are not told apart
├── Conflict             409  taken, or changed meanwhile
│   └── Stale            409  a conditional write met a newer version; read again and retry
├── TooLarge             413
├── UnsupportedMedia     415
├── Mismatch             422  an Idempotency-Key came back with another body
├── RateLimited          429  carries how long to wait
├── Unavailable          503  a store is down or slow: "not now", for requests and events alike
└── Never                     an event that can't be handled, ever: it goes to the dead letters
"""

from typing import ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One broken rule: `pointer` is a JSON pointer into the body, or `?name` for a query parameter."""

    pointer: str
    code: str
    detail: str


class KinoraError(Exception):
    """Base of the family. `code` is stable and meant for programs, `detail` for people."""

    status: ClassVar[int] = 500
    code: str = "internal"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class Invalid(KinoraError):
    status = 400
    code = "invalid"

    def __init__(self, pointer: str, code: str, detail: str, *more: FieldError) -> None:
        super().__init__(detail)
        self.errors = (FieldError(pointer, code, detail), *more)


class BadCursor(Invalid):
    def __init__(self, detail: str) -> None:
        super().__init__("?cursor", "bad_cursor", detail)


class Unauthenticated(KinoraError):
    status = 401
    code = "unauthenticated"


class Forbidden(KinoraError):
    status = 403
    code = "forbidden"


class NotFound(KinoraError):
    status = 404
    code = "not_found"


class Conflict(KinoraError):
    status = 409
    code = "conflict"


class Stale(Conflict):
    code = "stale"


class TooLarge(KinoraError):
    status = 413
    code = "too_large"


class UnsupportedMedia(KinoraError):
    status = 415
    code = "unsupported_media_type"


class Mismatch(KinoraError):
    status = 422
    code = "idempotency_mismatch"


class RateLimited(KinoraError):
    status = 429
    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(KinoraError):
    status = 503
    code = "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Never(KinoraError):
    code = "never"
