"""Writers who flip the visibility of videos and blocks, and readers who look everywhere meanwhile."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Final, Literal

import httpx
import msgspec

from tests.factories import Person
from tests.faults.flip_history import History
from tests.faults.running import json

NOBODY: Final = "anonymous"
LISTS: Final = ("for-you", "following", "trending", "anonymous trending", "profile")
READS: Final = (*LISTS, "video", "video", "like", "comment")
NEWEST: Final = 8  # hides that readers look at first

Visibility = Literal["public", "friends", "private"]


class Cast(msgspec.Struct, frozen=True):
    """Who takes part. Everybody follows every author; the friends are followed back, and never blocked."""

    authors: dict[str, Person]
    videos: dict[str, str]  # video id -> author's id
    friends: dict[str, Person]
    followers: dict[str, Person]

    @property
    def readers(self) -> dict[str, Person]:
        return self.friends | self.followers

    def of_author(self, author_id: str) -> list[str]:
        return [video_id for video_id, by in self.videos.items() if by == author_id]


class Video(msgspec.Struct):
    """A video whose visibility flips."""

    video_id: str
    now: Visibility = "public"


class Pair(msgspec.Struct):
    """An author and a follower of whom one blocks the other from time to time."""

    author_id: str
    follower_id: str
    blocker_id: str | None = None


class Flips:
    """Flips targets until enough are acknowledged; tells the history of each."""

    def __init__(self, client: httpx.AsyncClient, cast: Cast, history: History, wanted: int, seed: int) -> None:
        self.newest: deque[tuple[str, str]] = deque(maxlen=NEWEST)  # (reader, video) of what was hidden last
        self.done: Counter[str] = Counter()
        self._client = client
        self._cast = cast
        self._history = history
        self._left = wanted
        self._draw = random.Random(seed)

    async def go(self, writers: int) -> None:
        """Each writer has targets of its own, so that a target's flips follow each other."""
        pairs = [Pair(author, follower) for author in self._cast.authors for follower in self._cast.followers]
        targets: list[Video | Pair] = [*map(Video, self._cast.videos), *pairs]
        self._draw.shuffle(targets)
        async with asyncio.TaskGroup() as tasks:
            for number in range(writers):
                tasks.create_task(self._write(targets[number::writers]))

    async def _write(self, targets: Sequence[Video | Pair]) -> None:
        while self._left > 0:
            self._left -= 1
            target = self._draw.choice(targets)
            await (self._flip(target) if isinstance(target, Video) else self._part(target))

    async def _flip(self, target: Video) -> None:
        others: list[Visibility] = [each for each in ("public", "friends", "private") if each != target.now]
        target.now = self._draw.choice(others)
        self._history.reopen(target.video_id, [target.video_id])
        author = self._cast.authors[self._cast.videos[target.video_id]]
        address = f"/api/v1/videos/{target.video_id}"
        json(await self._client.patch(address, json={"visibility": target.now}, headers=author.headers))
        self.done[target.now] += 1
        if target.now != "public":
            hidden_from = self._cast.readers if target.now == "private" else self._cast.followers
            self._hidden(target.video_id, [target.video_id], [NOBODY, *hidden_from])

    async def _part(self, pair: Pair) -> None:
        videos = self._cast.of_author(pair.author_id)
        name = (pair.author_id, pair.follower_id)
        if pair.blocker_id is not None:
            address, headers = self._block(pair, pair.blocker_id)
            self._history.reopen(name, videos)
            json(await self._client.delete(address, headers=headers))
            pair.blocker_id = None
            self.done["unblock"] += 1
            follower = self._cast.followers[pair.follower_id]
            json(await self._client.post(f"/api/v1/users/{pair.author_id}/follow", headers=follower.headers))
            return
        pair.blocker_id = self._draw.choice(name)
        address, headers = self._block(pair, pair.blocker_id)
        json(await self._client.post(address, headers=headers))
        self.done["block"] += 1
        self._hidden(name, videos, [pair.follower_id])

    def _block(self, pair: Pair, blocker_id: str) -> tuple[str, dict[str, str]]:
        by_author = blocker_id == pair.author_id
        person = self._cast.authors[blocker_id] if by_author else self._cast.followers[blocker_id]
        return f"/api/v1/users/{pair.follower_id if by_author else pair.author_id}/block", person.headers

    def _hidden(self, target: object, videos: Sequence[str], readers: Sequence[str]) -> None:
        self._history.hide(target, videos, readers, time.monotonic())
        person = self._draw.choice([reader for reader in readers if reader != NOBODY])
        self.newest.append((person, self._draw.choice(videos)))


class Readers:
    """Look at every surface in turn until they are stopped; tell the history what they were shown."""

    def __init__(self, client: httpx.AsyncClient, cast: Cast, history: History, flips: Flips, seed: int) -> None:
        self.answered = 0
        self._client = client
        self._cast = cast
        self._history = history
        self._flips = flips
        self._draw = random.Random(seed)

    async def go(self, readers: int, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(readers):
                tasks.create_task(self._read(stop))

    async def _read(self, stop: asyncio.Event) -> None:
        people, videos = list(self._cast.readers), list(self._cast.videos)
        while not stop.is_set():
            surface = self._draw.choice(READS)
            # Mostly what was hidden last, by one from whom it was, at once: that is where a stale cache would show it.
            if self._flips.newest and self._draw.random() < 0.7:
                reader, video_id = self._draw.choice(self._flips.newest)
            else:
                reader, video_id = self._draw.choice(people), self._draw.choice(videos)
            if surface in LISTS:
                await self._list(surface, reader, self._cast.videos[video_id])
            else:
                await self._one(surface, reader, video_id)
            self.answered += 1

    async def _list(self, surface: str, reader: str, author_id: str) -> None:
        name = NOBODY if surface.startswith(NOBODY) else reader
        headers = {} if name == NOBODY else self._cast.readers[reader].headers
        path = f"users/{author_id}/videos" if surface == "profile" else f"feed/{surface.split()[-1]}"
        began_s = time.monotonic()
        answer = await self._client.get(f"/api/v1/{path}?limit=50", headers=headers)
        if surface == "profile" and answer.status_code == 404:  # parted by a block: there is no such person
            shown = []
        else:
            page = json(answer)
            shown = [card["video_id"] for card in page["items" if "items" in page else "videos"]]
        place = author_id if surface == "profile" else ""
        self._history.answered(surface, name, shown, began_s, place=place)

    async def _one(self, surface: str, reader: str, video_id: str) -> None:
        headers = self._cast.readers[reader].headers
        address = f"/api/v1/videos/{video_id}"
        began_s = time.monotonic()
        if surface == "video":
            reader, headers = (NOBODY, {}) if self._draw.random() < 0.2 else (reader, headers)
            answer = await self._client.get(address, headers=headers)
        elif surface == "like":
            answer = await self._client.post(f"{address}/like", headers=headers)
        else:
            answer = await self._client.post(f"{address}/comments", json={"content": "Seen"}, headers=headers)
        assert answer.status_code in {200, 201, 404}, f"{address} {surface}: {answer.status_code} {answer.text}"
        shown = [video_id] if answer.status_code < 300 else []
        self._history.answered(surface, reader, shown, began_s, asked=[video_id])
