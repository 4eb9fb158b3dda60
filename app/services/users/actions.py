"""Changes to one's own profile and picture."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec

from app.cards.people import People
from app.cards.schemas import Me
from app.core import events, text
from app.core.clock import Clock
from app.core.errors import Invalid, NotFound, Stale, TooLarge
from app.http.viewer import Viewer
from app.ports.blobs import Blobs
from app.ports.media import Media, MediaFailed, MediaRejected
from app.ports.users import User, Users
from app.services.users.schemas import ProfileChange

TRIES: Final = 8
PICTURE_LIMIT_BYTES: Final = 5 * 2**20
_PICTURE_BYTES: Final = 2**20  # what 256×256 pixels of JPEG never reach

log = logging.getLogger(__name__)


class UserActions:
    """The writes on a profile; `user.changed` renews the cards that show it."""

    def __init__(self, users: Users, people: People, blobs: Blobs, media: Media, work_root: Path, clock: Clock) -> None:
        self._users = users
        self._people = people
        self._blobs = blobs
        self._media = media
        self._work_root = work_root
        self._clock = clock

    async def patch(self, viewer: Viewer, wish: ProfileChange) -> Me:
        """Changes name, words and country."""
        changes: dict[str, Any] = {}
        if wish.display_name is not msgspec.UNSET:
            changes["display_name"] = text.clean(wish.display_name, "/display_name", longest=50, shortest=1)
        if wish.bio is not msgspec.UNSET:
            changes["bio"] = text.clean(wish.bio, "/bio", longest=300, lines=True)
        if wish.country is not msgspec.UNSET:
            changes["country"] = None if wish.country is None else text.country(wish.country, "/country")
        await self._change(viewer, changes)
        return await self._people.me(viewer.user_id)

    async def set_picture(self, viewer: Viewer, chunks: AsyncIterator[bytes]) -> Me:
        """Decodes a picture in the sandbox, encodes it anew and shows it from now on."""
        user = await self._own(viewer)
        with tempfile.TemporaryDirectory(prefix="avatar-", dir=self._work_root) as folder:
            source, made = Path(folder) / "source", Path(folder) / "avatar.jpg"
            await _receive(chunks, source)
            try:
                await self._media.avatar(source, made)
            except MediaRejected as refusal:
                raise Invalid("", refusal.code, refusal.sentence) from None
            except MediaFailed:
                raise Invalid("", "undecodable", "This picture could not be read; try another one.") from None
            name = f"{os.urandom(8).hex()}.jpg"
            picture = await asyncio.to_thread(made.read_bytes)
            await self._blobs.store(f"avatars/{user.user_id}/{name}", _whole(picture), _PICTURE_BYTES)
        await self._forget_picture(await self._change(viewer, {"avatar": name}))
        return await self._people.me(viewer.user_id)

    async def remove_picture(self, viewer: Viewer) -> Me:
        """Shows no picture any more."""
        await self._forget_picture(await self._change(viewer, {"avatar": None}))
        return await self._people.me(viewer.user_id)

    async def _change(self, viewer: Viewer, changes: dict[str, Any]) -> User:
        """Writes over the newest profile, so that changes side by side all stay; returns what was there before."""
        for _ in range(TRIES):
            user = await self._own(viewer)
            now_ms = self._clock()
            changed = msgspec.structs.replace(user, **changes)
            if changed == user:
                return user
            changed.updated_at = max(now_ms, user.updated_at + 1)  # cards order themselves by it
            fact = events.event("user.changed", user.user_id, now_ms, user_id=user.user_id)
            try:
                await self._users.update(changed, base_ms=user.updated_at, events=[fact])
            except Stale:
                log.info("a profile was changed meanwhile: once more", extra={"user_id": user.user_id})
            else:
                return user
        raise Stale("Your profile is being changed from many sides at once.")

    async def _own(self, viewer: Viewer) -> User:
        user = await self._users.get(viewer.user_id)
        if user is None:
            raise NotFound("There is no such person.")
        return user

    async def _forget_picture(self, user: User) -> None:
        """Removes the file of a picture that is shown no more."""
        if user.avatar is not None:
            await self._blobs.delete_prefix(f"avatars/{user.user_id}/{user.avatar}")


async def _receive(chunks: AsyncIterator[bytes], to: Path) -> None:
    size_bytes = 0
    with to.open("wb") as file:
        async for chunk in chunks:
            size_bytes += len(chunk)
            if size_bytes > PICTURE_LIMIT_BYTES:
                raise TooLarge(f"A picture has at most {PICTURE_LIMIT_BYTES} bytes.")
            file.write(chunk)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
