"""A response whose every byte is made already: status, headers and body go out as they are."""

from typing import Any, TypeVar

from litestar import Request, Response
from litestar.response.base import ASGIResponse

T = TypeVar("T")


def field(request: Request[Any, Any, Any], name: bytes) -> bytes | None:
    """A request's header as it came, its lines joined; None without one."""
    lines = [value for key, value in request.scope["headers"] if key == name]
    return b", ".join(lines) if lines else None


class Whole(Response[T]):
    """Declared as what its body says; encodes nothing."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        super().__init__(content=body)  # type: ignore[arg-type]  # it is T, encoded
        self.status_code = status
        self._fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        self._body = body

    def to_asgi_response(self, *_args: Any, **_kwargs: Any) -> ASGIResponse:
        """What the framework sends."""
        return ASGIResponse(status_code=self.status_code, headers=self._fields, body=self._body)
