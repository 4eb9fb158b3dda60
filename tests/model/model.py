"""What people did, as plain Python, and what the feeds must show because of it. It knows nothing of the product."""

from typing import Literal

import msgspec

Edge = Literal["follow", "block", "mute"]
Feed = Literal["following", "feed"]
Visibility = Literal["public", "friends", "private"]

FEEDS: tuple[Feed, ...] = ("following", "feed")
COUNT_AGAIN_AFTER_MS = 30 * 60_000


class Film(msgspec.Struct):
    """A video. `published_at` is None until somebody but its author may see it."""

    video_id: str
    author: str
    published_at: int | None
    visibility: Visibility
    deleted: bool = False
    likes: set[str] = msgspec.field(default_factory=set)
    saves: set[str] = msgspec.field(default_factory=set)
    comments: int = 0
    shares: int = 0
    views: int = 0

    @property
    def key(self) -> tuple[int, str]:
        """Its place in time."""
        return (self.published_at or 0, self.video_id)

    @property
    def numbers(self) -> dict[str, int]:
        """As its card shows them."""
        likes, saves = len(self.likes), len(self.saves)
        return {"views": self.views, "likes": likes, "comments": self.comments, "shares": self.shares, "saves": saves}


class Session(msgspec.Struct):
    """One person's way through a feed. `owed` must have been shown at its end: what was surely there when it began,
    less what anybody hid meanwhile. `turns` are the cursors so far, with how much had been shown."""

    kind: Feed
    viewer: str
    limit: int
    owed: set[str]
    losses: int
    shown: list[str] = msgspec.field(default_factory=list)
    turns: list[tuple[str, int]] = msgspec.field(default_factory=list)


class Model:
    """People, edges, films. `certain` holds, for each feed, what it surely shows: settled, and not hidden since."""

    def __init__(self, people: list[str]) -> None:
        self.people = people
        self.edges: dict[Edge, set[tuple[str, str]]] = {"follow": set(), "block": set(), "mute": set()}
        self.films: dict[str, Film] = {}
        self.sessions: list[Session] = []
        self.certain: dict[tuple[Feed, str], set[str]] = {(kind, one): set() for kind in FEEDS for one in people}
        self.reported: set[tuple[str, str]] = set()  # who, event id
        self.numbered: dict[tuple[str, str, str], int] = {}  # reaction, person, film -> newest op_seq
        self._counted: dict[tuple[str, str], int] = {}

    def barred(self, one: str, other: str) -> bool:
        """Whether a block of either side stands between two people."""
        return bool({(one, other), (other, one)} & self.edges["block"])

    def follows(self, one: str, other: str) -> bool:
        return (one, other) in self.edges["follow"]

    def sees(self, viewer: str, film: Film) -> bool:
        """Whether somebody may see a film anywhere."""
        if film.deleted:
            return False
        if film.author == viewer:
            return True
        if film.visibility == "private" or self.barred(viewer, film.author):
            return False
        friends = self.follows(viewer, film.author) and self.follows(film.author, viewer)
        return film.visibility == "public" or friends

    def wants(self, viewer: str, film: Film) -> bool:
        """Whether a feed may offer it to them."""
        return self.sees(viewer, film) and (viewer, film.author) not in self.edges["mute"]

    def following(self, viewer: str) -> list[str]:
        """Following: the films of everybody followed, newest first."""
        films = [f for f in self.films.values() if self.follows(viewer, f.author) and self.wants(viewer, f)]
        return [film.video_id for film in sorted(films, key=lambda film: film.key, reverse=True)]

    def for_you(self, viewer: str) -> set[str]:
        """What For You, read to its end, must hold at least."""
        return {f.video_id for f in self.films.values() if f.visibility == "public" and self.wants(viewer, f)}

    def of(self, kind: Feed, viewer: str) -> set[str]:
        return set(self.following(viewer)) if kind == "following" else self.for_you(viewer)

    def settled(self) -> None:
        """All events have had their effect: what should be there is there."""
        self.certain = {(kind, one): self.of(kind, one) for kind, one in self.certain}

    def toggle(self, edge: Edge, one: str, other: str, on: bool) -> None:
        (self.edges[edge].add if on else self.edges[edge].discard)((one, other))
        if edge == "block" and on:
            self.edges["follow"] -= {(one, other), (other, one)}
        self._narrow()

    def hide(self, film: Film) -> None:
        """Something happened to who may see a film: nothing about it is certain until that has settled."""
        for known in (*self.certain.values(), *(session.owed for session in self.sessions)):
            known.discard(film.video_id)

    def watch(self, viewer: str, film: Film, now_ms: int) -> None:
        """An engaged view: counted once in thirty minutes, an author's own never."""
        before = self._counted.get((viewer, film.video_id))
        if viewer != film.author and (before is None or before <= now_ms - COUNT_AGAIN_AFTER_MS):
            self._counted[viewer, film.video_id] = now_ms
            film.views += 1

    def _narrow(self) -> None:
        for (kind, one), known in self.certain.items():
            known &= self.of(kind, one)
        for session in self.sessions:
            session.owed &= self.of(session.kind, session.viewer)
