"""Reads back what the muxer wrote: ISO/IEC 14496-12 boxes of a CMAF track (ISO/IEC 23000-19), headers only.

Sizes and times here are what the playlists are written from and what verification compares, so they come from the
files themselves and not from any log. Malformed input raises MediaFailed: the muxer, not the author, wrote it.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import msgspec

from app.ports.media import MediaFailed

_HEADER_LIMIT_BYTES = 1 << 20  # of any box read whole: movie and fragment headers are a few kilobytes
_BOXES_LIMIT = 64
_TFHD_BASE_OFFSET, _TFHD_DESCRIPTION, _TFHD_DURATION = 0x1, 0x2, 0x8
_TRUN_DATA_OFFSET, _TRUN_FIRST_FLAGS, _TRUN_DURATION = 0x1, 0x4, 0x100
_TRUN_PER_SAMPLE = (0x100, 0x200, 0x400, 0x800)
_VIDEO_ENTRY_BYTES, _AUDIO_ENTRY_BYTES = 78, 28  # fixed fields before the boxes of a sample entry


class Segment(msgspec.Struct, frozen=True):
    start: int  # ticks, in decoding order; 0 for the first
    duration: int  # ticks
    samples: int
    size_bytes: int


class Track(msgspec.Struct, frozen=True):
    """One representation: its header and its segments in order."""

    timescale: int  # ticks a second
    codecs: str  # RFC 6381
    width: int  # 0 for sound
    height: int
    skip: int  # ticks the edit list takes off: of pictures their reordering delay, of sound the encoder's priming
    segments: tuple[Segment, ...]

    @property
    def samples(self) -> int:
        return sum(segment.samples for segment in self.segments)

    def shown(self) -> tuple[Fraction, ...]:
        """Seconds each segment is seen or heard for. A reordering delay moves pictures and drops none; priming is
        part of the first segment and never heard."""
        ticks = [segment.duration for segment in self.segments]
        if not self.width:
            ticks[0] -= self.skip
        return tuple(Fraction(tick, self.timescale) for tick in ticks)


def read_track(init: Path, segments: list[Path]) -> Track:
    """Blocks: reads the headers of every file."""
    with init.open("rb") as file:
        moov = _only(_boxes(file), b"moov")
    trak = _child(moov, b"trak")
    mdia = _child(trak, b"mdia")
    timescale = struct.unpack_from(">I", _child(mdia, b"mdhd"), 12)[0]
    stsd = _child(_child(_child(mdia, b"minf"), b"stbl"), b"stsd")
    codecs, width, height = _sample_entry(stsd[8:])
    default = struct.unpack_from(">I", _child(_child(moov, b"mvex"), b"trex"), 12)[0]
    return Track(
        timescale=timescale,
        codecs=codecs,
        width=width,
        height=height,
        skip=_skip(trak),
        segments=tuple(_segment(path, default) for path in segments),
    )


def _segment(path: Path, default_duration: int) -> Segment:
    with path.open("rb") as file:
        traf = _child(_only(_boxes(file), b"moof"), b"traf")
        size = file.seek(0, 2)
    start = struct.unpack_from(">Q", _child(traf, b"tfdt"), 4)[0]
    tfhd = _child(traf, b"tfhd")
    flags = int.from_bytes(tfhd[1:4])
    if flags & _TFHD_DURATION:
        at = 8 + 8 * bool(flags & _TFHD_BASE_OFFSET) + 4 * bool(flags & _TFHD_DESCRIPTION)
        default_duration = struct.unpack_from(">I", tfhd, at)[0]
    runs = [_run(body, default_duration) for kind, body in _walk(traf) if kind == b"trun"]
    return Segment(
        start=start, duration=sum(run[0] for run in runs), samples=sum(run[1] for run in runs), size_bytes=size
    )


def _run(trun: bytes, default_duration: int) -> tuple[int, int]:
    """(ticks, samples) of one run."""
    flags, count = int.from_bytes(trun[1:4]), struct.unpack_from(">I", trun, 4)[0]
    if not flags & _TRUN_DURATION:
        return default_duration * count, count
    at = 8 + 4 * bool(flags & _TRUN_DATA_OFFSET) + 4 * bool(flags & _TRUN_FIRST_FLAGS)
    stride = 4 * sum(bool(flags & field) for field in _TRUN_PER_SAMPLE)
    try:
        return sum(struct.unpack_from(">I", trun, at + index * stride)[0] for index in range(count)), count
    except struct.error as error:
        raise MediaFailed("a fragment's sample table is cut off") from error


def _skip(trak: bytes) -> int:
    edits = next((body for kind, body in _walk(trak) if kind == b"edts"), None)
    if edits is None:
        return 0
    elst = _child(edits, b"elst")
    wide = elst[0] == 1
    skip = struct.unpack_from(">q", elst, 16)[0] if wide else struct.unpack_from(">i", elst, 12)[0]
    if struct.unpack_from(">I", elst, 4)[0] != 1 or skip < 0:
        raise MediaFailed("an edit list does more than skip the start")
    return int(skip)


def _sample_entry(entry: bytes) -> tuple[str, int, int]:
    kind, body = next(_walk(entry))
    if kind == b"avc1":
        width, height = struct.unpack_from(">HH", body, 24)
        profile = _child(body[_VIDEO_ENTRY_BYTES:], b"avcC")[1:4]
        return f"avc1.{profile.hex()}", width, height
    if kind == b"mp4a":
        _child(body[_AUDIO_ENTRY_BYTES:], b"esds")
        return "mp4a.40.2", 0, 0  # our encoder makes AAC-LC only
    raise MediaFailed(f"unexpected sample entry {kind!r}")


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Top-level boxes; of media data the body stays on disk (empty here)."""
    for _ in range(_BOXES_LIMIT):
        header = file.read(8)
        if not header:
            return
        size, kind = struct.unpack(">I4s", header) if len(header) == 8 else (0, b"")
        if kind == b"mdat" and size >= 8:
            file.seek(size - 8, 1)
            yield kind, b""
            continue
        body = file.read(size - 8) if 8 <= size <= _HEADER_LIMIT_BYTES else b""
        if len(body) != size - 8:
            raise MediaFailed("a segment ends inside a box")
        yield kind, body


def _walk(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        if size < 8 or at + size > len(body):
            raise MediaFailed(f"box {kind!r} is longer than its parent")
        yield kind, body[at + 8 : at + size]
        at += size


def _child(body: bytes, kind: bytes) -> bytes:
    return _only(_walk(body), kind)


def _only(boxes: Iterator[tuple[bytes, bytes]], kind: bytes) -> bytes:
    found = [body for name, body in boxes if name == kind]
    if len(found) != 1:
        raise MediaFailed(f"{len(found)} boxes {kind!r} where one belongs")
    return found[0]
