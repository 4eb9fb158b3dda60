"""Source -> which renditions, segments and still pictures are made. Pure."""

from fractions import Fraction
from math import ceil

import msgspec

from app.adapters.ffmpeg.source import Source
from app.ports.media import RenditionName

SEGMENT_S = 2
AUDIO_BPS = 128_000
AUDIO_RATE_HZ = 48_000
# Short edge in pixels, peak bits per second.
_RUNGS: tuple[tuple[RenditionName, int, int], ...] = (
    ("360p", 360, 600_000),
    ("720p", 720, 2_500_000),
    ("1080p", 1080, 5_000_000),
    ("4k", 2160, 20_000_000),
)
_NEARLY = Fraction(9, 10)  # a source of 1072 lines is a 1080p source; its rung keeps the 1072
_MAX_CANDIDATES = 40
_MAX_TILES = 100
_SPRITE_COLUMNS = 10
_TILE_LONG_EDGE = 160


class Rung(msgspec.Struct, frozen=True):
    name: RenditionName
    width: int
    height: int
    peak_bps: int


class Plan(msgspec.Struct, frozen=True):
    """Frame numbers count the constant-rate frames of the output, from 0."""

    source: Source
    rungs: tuple[Rung, ...]  # smallest first, never empty
    segment_frames: int
    candidates: tuple[int, ...]  # frames a thumbnail may be, rising
    wanted: int | None  # the one of them that the author chose
    tile_every: int
    tile_width: int
    tile_height: int

    @property
    def download(self) -> Rung:
        """The watermarked file has at most 720p: it is shared by messenger, and a fourth large encode of each upload
        would cost as much as all the others."""
        return [rung for rung in self.rungs if rung.name in {"360p", "720p"}][-1]

    @property
    def segments(self) -> int:
        return ceil(self.source.frames / self.segment_frames)

    @property
    def tiles(self) -> int:
        return ceil(self.source.frames / self.tile_every)

    @property
    def sprite_columns(self) -> int:
        return min(_SPRITE_COLUMNS, self.tiles)

    def seconds(self, frame: int) -> Fraction:
        return frame / self.source.fps


def plan(source: Source, poster_at_ms: int | None) -> Plan:
    """The ladder never exceeds the source; a source below the first rung gets that rung at its own size."""
    frames, fps = source.frames, source.fps
    step = ceil(frames / _MAX_CANDIDATES)
    wanted = None if poster_at_ms is None else min(max(0, int(poster_at_ms * fps / 1000)), frames - 1)
    candidates = set(range(0, frames, step)) | ({wanted} if wanted is not None else set())
    scale = _TILE_LONG_EDGE / max(source.probe.width, source.probe.height)
    return Plan(
        source=source,
        rungs=rungs(source.probe.width, source.probe.height),
        segment_frames=ceil(SEGMENT_S * fps),
        candidates=tuple(sorted(candidates)),
        wanted=wanted,
        tile_every=max(round(fps), ceil(frames / _MAX_TILES)),
        tile_width=_even(source.probe.width * scale),
        tile_height=_even(source.probe.height * scale),
    )


def rungs(width: int, height: int) -> tuple[Rung, ...]:
    """Both edges even (4:2:0 needs it), the aspect kept to within a pixel."""
    short = min(width, height)
    fitting = [rung for rung in _RUNGS if short >= rung[1] * _NEARLY] or [_RUNGS[0]]
    return tuple(_rung(name, min(edge, short) / short, width, height, bps) for name, edge, bps in fitting)


def _rung(name: RenditionName, scale: float, width: int, height: int, peak_bps: int) -> Rung:
    return Rung(name=name, width=_even(width * scale), height=_even(height * scale), peak_bps=peak_bps)


def _even(size: float) -> int:
    """The even number nearest from below for whole odd sizes, so that no rung exceeds its source."""
    return max(2, int(size / 2 + 0.49) * 2)
