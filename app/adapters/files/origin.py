"""The origin of media and avatars: what a CDN, or the page itself, fetches.

/media/{video_id}/{version}/{path…}                         while everyone may see the video
/media/~{expiry}.{signature}/{video_id}/{version}/{path…}   while not everyone may
/avatars/{user_id}/{name}

Each request asks whether the video may still be seen (`AccessCache`). 404 for what is not there, no longer there, or
there in another version; 403 where a signature is needed and does not hold.
"""

import asyncio
import os
import re
import stat
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from app.adapters.files.access import AccessCache
from app.adapters.files.answers import NOSNIFF, NotAllowed, problem
from app.adapters.files.layout import COMPONENT
from app.core import ids, media_urls
from app.core.clock import Clock, system_ms
from app.core.errors import Forbidden, KinoraError, NotFound
from app.ports.blobs import Access

_FILE: Final = rf"{COMPONENT}(?:/{COMPONENT}){{0,3}}"
_MEDIA: Final = re.compile(
    rf"/media(?:/~(?P<grant>[^/]{{0,64}}))?/(?P<video>vid_[0-9A-Z]{{26}})"
    rf"/(?P<version>(?P<attempt>[A-Za-z0-9_-]{{1,64}})\.[0-9]{{1,9}})/(?P<file>{_FILE})"
)
_AVATAR: Final = re.compile(rf"/avatars/(?P<user>usr_[0-9A-Z]{{26}})/(?P<file>{COMPONENT})")

# The suffix alone decides what a file is taken for; what is not listed is not served.
TYPES: Final = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".mp4": "video/mp4",
    ".m4s": "video/mp4",
    ".m4a": "audio/mp4",
    ".vtt": "text/vtt; charset=utf-8",
    ".jpg": "image/jpeg",
}
RECHECK_S: Final = 0.1
FOREVER: Final = "public, max-age=31536000, immutable"
NEVER: Final = "private, no-store"


class MediaFile(FileResponse):
    """Larger pieces than the default: fewer hops between threads for each byte."""

    chunk_size = 256 * 1024


class Origin:
    """An ASGI callable over the objects in `root`; `secret` is the one that signs media prefixes."""

    def __init__(self, root: Path, access: Access | AccessCache, secret: bytes, *, clock: Clock = system_ms) -> None:
        self._root = root.absolute()
        self._access = access if isinstance(access, AccessCache) else AccessCache(access)
        self._secret = secret
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(scope)
        except KinoraError as error:
            response = problem(scope, error)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise NotAllowed("GET, HEAD")
        path = scope["path"]
        if media := _MEDIA.fullmatch(path):
            return await self._media(scope, media)
        if (avatar := _AVATAR.fullmatch(path)) and ids.is_id(avatar["user"], "usr"):
            return await _file(scope, self._root / path[1:], {"cache-control": FOREVER, **_embeddable("cross-origin")})
        raise _absent()

    async def _media(self, scope: Scope, path: re.Match[str]) -> Response:
        video_id, grant = path["video"], path["grant"]
        found = await self._access.get(video_id) if ids.is_id(video_id, "vid") else None
        if found is not None and found.version != path["version"]:
            # Most likely a page knows the newest version before we do. Whoever asks for nonsense asks us ten times a
            # second for each video at most.
            found = await self._access.get(video_id, at_most_s=RECHECK_S)
        if found is None or not found.live:
            raise _absent()
        if grant is None and not found.public:
            raise Forbidden("This video is not for everyone: its address needs a signature.", code="signature_needed")
        if grant is not None and not media_urls.opens(self._secret, video_id, grant, self._clock()):
            raise Forbidden("The signature in this address has expired or is not ours.", code="bad_signature")
        if path["version"] != found.version:
            raise _absent()
        if grant is None:
            headers = {"cache-control": FOREVER, **_embeddable("cross-origin")}
        else:
            headers = {"cache-control": NEVER, **_embeddable("same-site")}
        name = path["file"].rpartition("/")[2]
        if name.startswith("download."):
            headers["content-disposition"] = f'attachment; filename="{video_id}{os.path.splitext(name)[1]}"'
        return await _file(scope, self._root / "media" / video_id / path["attempt"] / path["file"], headers)


async def _file(scope: Scope, path: Path, headers: dict[str, str]) -> Response:
    """The file, a range of it (206, 416), or 304 where the client has it already."""
    media_type = _type_of(path)
    if media_type is None:
        raise _absent()
    try:
        found = await asyncio.to_thread(path.stat)
    except (FileNotFoundError, NotADirectoryError):
        raise _absent() from None
    if not stat.S_ISREG(found.st_mode):
        raise _absent()
    response = MediaFile(path, headers=headers | NOSNIFF, media_type=media_type, stat_result=found)
    etag = response.headers["etag"]
    if _has_it(Headers(scope=scope).get("if-none-match"), etag):
        return Response(None, 304, {"etag": etag, "cache-control": headers["cache-control"]})
    return response


def _type_of(path: Path) -> str | None:
    """The content type. Sound lies in files or folders named `audio…`, in the same containers as pictures do."""
    found = TYPES.get(path.suffix)
    sounds = path.name.startswith("audio") or path.parent.name.startswith("audio")
    return "audio/mp4" if found == "video/mp4" and sounds else found


def _has_it(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110 §13.1.2, by weak comparison."""
    if if_none_match is None:
        return False
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",", 50)]
    return etag in known or known == ["*"]


def _embeddable(where: str) -> dict[str, str]:
    return {"cross-origin-resource-policy": where}


def _absent() -> NotFound:
    return NotFound("There is no such file.")
