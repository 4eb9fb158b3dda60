"""Cards as a process keeps them: taken in once, found by id, bounded in bytes."""

from collections import OrderedDict

ID_BYTES = 30  # a kind of four characters and 26 of Crockford base32
HEADER_BYTES = 70  # of a card: version 20, format 1, visibility 1, state 1, author 30, published 13, two lengths of 2
FORMAT = 0x32
MEDIA_VERSION_BYTES = 74  # at most: it comes behind the header, and then the category, both of the lengths said there
CATEGORY_BYTES = 30  # at most
PREFIX_SLOT, VIEWER_SLOT = 1, 2
MAX_GAP_BYTES = 65_535  # from one slot of a card to its next
ENTRY_BYTES = 128  # what an entry costs beyond its card and two bytes a slot: object, header, heap, place on the shelf
LOOKS = 32  # entries found of late that eviction passes over before it takes one all the same


class Entry:
    """A card taken in once: checked, and its slots found, so that filling them needs no search.

    Raises ValueError for an id that is not 30 bytes or a card that is none.
    """

    __slots__ = ("author", "body_at", "category", "media_version", "raw", "slots", "used", "video_id")

    def __init__(self, video_id: bytes, raw: bytes) -> None:
        if len(video_id) != ID_BYTES:
            raise ValueError("a video's id has 30 bytes")
        if not _is_header(raw):
            raise ValueError("the card's header is malformed")
        category_at = HEADER_BYTES + int(raw[66:68])
        self.body_at = category_at + int(raw[68:70])
        if len(raw) < self.body_at:
            raise ValueError("the card's header is malformed")
        self.video_id = video_id
        self.raw = raw
        self.author = raw[27:53]
        self.media_version = raw[HEADER_BYTES:category_at]
        self.category = raw[category_at : self.body_at]
        self.slots = [at for at in range(self.body_at, len(raw)) if raw[at] in (PREFIX_SLOT, VIEWER_SLOT)]
        self.used = False
        starts = [self.body_at, *(at + 1 for at in self.slots)]
        if any(slot - start > MAX_GAP_BYTES for start, slot in zip(starts, self.slots, strict=False)):
            raise ValueError("the card's slots are too far apart")

    @property
    def visibility(self) -> bytes:
        """b"P" public, b"F" friends, b"X" private."""
        return self.raw[21:22]

    @property
    def active(self) -> bool:
        """Whether it is to be shown at all."""
        return self.raw[22:23] == b"A"

    @property
    def size_bytes(self) -> int:
        """What keeping it costs."""
        return len(self.raw) + 2 * len(self.slots) + ENTRY_BYTES


def _is_header(raw: bytes) -> bool:
    if len(raw) < HEADER_BYTES or not (raw[:20] + raw[53:HEADER_BYTES]).isdigit() or raw[20] != FORMAT:
        return False
    is_bounded = int(raw[66:68]) <= MEDIA_VERSION_BYTES and int(raw[68:70]) <= CATEGORY_BYTES
    return raw[21] in b"PFX" and raw[22] in b"A-" and is_bounded


class Shelf:
    """Entries by video id, at most `max_bytes` of them; those found since eviction last came by are spared."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, video_id: bytes, raw: bytes) -> Entry:
        """Keeps a card in place of the one it had, if it fits, and returns its entry. Raises ValueError as Entry."""
        entry = Entry(video_id, raw)
        self.drop([video_id])
        if entry.size_bytes <= self.max_bytes:
            self._make_room(entry.size_bytes)
            self._entries[video_id] = entry
            self.size_bytes += entry.size_bytes
        return entry

    def find(self, video_ids: list[bytes] | list[str]) -> list[Entry | None]:
        """The entries kept, in the order asked; None where there is none."""
        found = [self._entries.get(one.encode() if isinstance(one, str) else one) for one in video_ids]
        for entry in found:
            if entry is not None:
                entry.used = True
        return found

    def drop(self, video_ids: list[bytes]) -> None:
        """Forgets these, where they are kept."""
        for video_id in video_ids:
            entry = self._entries.pop(video_id, None)
            if entry is not None:
                self.size_bytes -= entry.size_bytes

    def clear(self) -> None:
        """Forgets all."""
        self._entries.clear()
        self.size_bytes = 0

    def _make_room(self, wanted_bytes: int) -> None:
        """The clock algorithm (Corbató 1968): second chances in turn, of which one eviction gives LOOKS at most."""
        looks = 0
        while self.size_bytes + wanted_bytes > self.max_bytes:
            video_id, entry = next(iter(self._entries.items()))
            if entry.used and looks < LOOKS:
                looks += 1
                entry.used = False
                self._entries.move_to_end(video_id)
            else:
                looks = 0
                self.drop([video_id])
