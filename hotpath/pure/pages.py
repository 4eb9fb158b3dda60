"""A page from cards as a process keeps them: who may see which, and the page's bytes, without taking a card apart.

The rules are those of the application's one authority on who may see what, for the plain case alone: public cards with
a plain media prefix, and a viewer whose blob knows everything asked. Whatever else comes up is said to be the caller's.
"""

from collections.abc import Sequence

from hotpath.pure.shelf import PREFIX_SLOT, Entry

BARE_BYTES = 26  # an id without its kind
LONGEST_PREFIX = 128

WANTS, FOLLOWS = 0, 1
HIDDEN, SHOWN, ELSEWHERE = 0, 1, 2

BLOB_VERSION = 1
SETS = 6  # liked, saved, following, friends, blocked, muted


class _Viewer:
    """The blob taken apart; `floor` is the youngest video of whose flags it may not know."""

    def __init__(self, bare_id: bytes, floor: bytes, sets: list[frozenset[bytes]]) -> None:
        self.bare_id = bare_id
        self.floor = floor
        self.liked, self.saved, self.following, self.friends, self.blocked, self.muted = sets


_ANONYMOUS = _Viewer(b"", b"", [frozenset()] * SETS)


def visible(entries: Sequence[Entry | None], blob: bytes | None, viewer: bytes, rule: int) -> bytes | None:
    """One byte a card: 0 hidden from the viewer; 1 shown; 2 to be settled elsewhere, because its media need a signed
    prefix, the blob does not know its flags, or the entry is None.

    `blob` None is an anonymous visitor; else `viewer` is the person's id without its kind. `rule` 0 wants what a feed
    may offer, 1 only what somebody followed made. None if the blob is malformed or of another version. Raises
    ValueError for a viewer that is not 26 bytes and for another rule.
    """
    state = _viewer(blob, viewer, rule)
    if state is None:
        return None
    marks = bytearray()
    for entry in entries:
        mark = ELSEWHERE if entry is None else _judge(entry, state, rule)
        if entry is not None and mark == SHOWN and entry.video_id <= state.floor:
            mark = ELSEWHERE
        marks.append(mark)
    return bytes(marks)


def page(
    entries: Sequence[Entry | None],
    blob: bytes | None,
    viewer: bytes,
    rule: int,
    limit: int,
    flags: tuple[bytes, ...],
    prefix: bytes,
    head: bytes,
    tail: bytes,
) -> bytes | None:
    """`head`, the JSON array of the first `limit` cards, `tail`; None unless every one of `entries` is shown and the
    flags of the first `limit` are known, as `visible` says.

    `flags` are the eight values of a card's viewer slot, by liked + 2 saved + 4 following; `prefix` is the media prefix
    of public videos, at most 128 bytes: a card's prefix slot becomes `{prefix}/{video id}/{media version}`. Raises
    ValueError as `visible`, and for a negative limit, another number of flags and a longer prefix.
    """
    if limit < 0:
        raise ValueError("limit must not be negative")
    if len(flags) != 8:
        raise ValueError("there are eight flags")
    if len(prefix) > LONGEST_PREFIX:
        raise ValueError("a prefix has at most 128 bytes")
    state = _viewer(blob, viewer, rule)
    if state is None:
        return None
    cards = []
    for place, entry in enumerate(entries):
        if entry is None or _judge(entry, state, rule) != SHOWN:
            return None
        if place < limit:
            if entry.video_id <= state.floor:
                return None
            bare_id = entry.video_id[4:]
            bits = (bare_id in state.liked) + 2 * (bare_id in state.saved) + 4 * (entry.author in state.following)
            cards.append(_filled(entry, prefix, flags[bits]))
    return head + b"[" + b",".join(cards) + b"]" + tail


def _judge(entry: Entry, viewer: _Viewer, rule: int) -> int:
    own = entry.author == viewer.bare_id
    if not entry.active or entry.author in viewer.muted or (entry.author in viewer.blocked and not own):
        return HIDDEN
    if rule == FOLLOWS and entry.author not in viewer.following:
        return HIDDEN
    if entry.visibility == b"P":
        return SHOWN
    if own or (entry.visibility == b"F" and entry.author in viewer.friends):
        return ELSEWHERE
    return HIDDEN


def _filled(entry: Entry, prefix: bytes, flags: bytes) -> bytes:
    base = b"%b/%b/%b" % (prefix, entry.video_id, entry.media_version)
    pieces = []
    at = entry.body_at
    for slot in entry.slots:
        pieces += [entry.raw[at:slot], base if entry.raw[slot] == PREFIX_SLOT else flags]
        at = slot + 1
    return b"".join([*pieces, entry.raw[at:]])


def _viewer(blob: bytes | None, viewer: bytes, rule: int) -> _Viewer | None:
    if rule not in (WANTS, FOLLOWS):
        raise ValueError("rule must be 0 or 1")
    if blob is None:
        return _ANONYMOUS
    if len(viewer) != BARE_BYTES:
        raise ValueError("a viewer's id without its kind has 26 bytes")
    try:
        return _unpacked(blob, viewer)
    except (IndexError, _Malformed):
        return None


class _Malformed(Exception):
    """The blob is not one of this version."""


def _unpacked(blob: bytes, viewer: bytes) -> _Viewer:
    """The header is msgpack: [version, likes known since, saves known since, [six counts]]."""
    end = 2 + int.from_bytes(blob[:2], "big")
    _demand(len(blob) >= end and blob[2] == 0x94)
    version, at = _number(blob, 3)
    _demand(version == BLOB_VERSION)
    liked_since, at = _text(blob, at)
    saved_since, at = _text(blob, at)
    _demand(blob[at] == 0x90 + SETS)
    at += 1
    counts = []
    for _ in range(SETS):
        count, at = _number(blob, at)
        counts.append(count)
    _demand(at == end and len(blob) == end + BARE_BYTES * sum(counts))
    sets = []
    for count in counts:
        sets.append(frozenset(blob[i : i + BARE_BYTES] for i in range(at, at + BARE_BYTES * count, BARE_BYTES)))
        at += BARE_BYTES * count
    return _Viewer(viewer, max(liked_since, saved_since), sets)


def _number(blob: bytes, at: int) -> tuple[int, int]:
    """A natural number in msgpack, and the place behind."""
    kind = blob[at]
    if kind < 0x80:
        return kind, at + 1
    _demand(0xCC <= kind <= 0xCF)
    end = at + 1 + (1 << (kind - 0xCC))
    _demand(end <= len(blob))
    return int.from_bytes(blob[at + 1 : end], "big"), end


def _text(blob: bytes, at: int) -> tuple[bytes, int]:
    """A msgpack string of at most 255 bytes, and the place behind."""
    kind = blob[at]
    _demand(kind == 0xD9 or kind & 0xE0 == 0xA0)
    start, size = (at + 2, blob[at + 1]) if kind == 0xD9 else (at + 1, kind & 0x1F)
    _demand(start + size <= len(blob))
    return blob[start : start + size], start + size


def _demand(sound: bool) -> None:
    if not sound:
        raise _Malformed
