"""The web client's built files, in front of the API: one origin for both, so that no CORS is needed.

Hashed assets never change and are cached for a year; every other path without a file is the page itself, which knows
its own routes.
"""

import re
from pathlib import Path
from typing import Any, Final

from starlette.responses import FileResponse, PlainTextResponse, Response

ROOT: Final = Path(__file__).resolve().parents[2] / "web" / "dist"
API_PATHS: Final = ("/api/", "/schema", "/.well-known/", "/livez", "/readyz", "/version", "/metrics")
_SAFE: Final = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")
_CSP: Final = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; "
    "connect-src 'self'; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
_PAGE_HEADERS: Final = {
    "content-security-policy": _CSP,
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


class WebClient:
    """Answers GETs of the page and its files; everything else goes to `api`."""

    def __init__(self, api: Any, root: Path = ROOT) -> None:
        self._api = api
        self._root = root

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"].startswith(API_PATHS):
            await self._api(scope, receive, send)
            return
        scope["path_template"] = "page"
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Any) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("Method Not Allowed\n", 405, {"allow": "GET, HEAD"})
        path = scope["path"]
        file = self._root / path[1:]
        if _SAFE.match(path) and file.is_file():
            forever = path.startswith("/assets/")
            headers = {"cache-control": "public, max-age=31536000, immutable"} if forever else _PAGE_HEADERS
            return FileResponse(file, headers=headers)
        if path.startswith("/assets/"):
            return PlainTextResponse("Not Found\n", 404)
        page = self._root / "index.html"
        if not page.is_file():
            return PlainTextResponse("The web client is not built: run `make run`.\n", 503)
        return FileResponse(page, headers=_PAGE_HEADERS)
