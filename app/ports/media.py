"""The media engine: reads what an author uploaded and makes everything a viewer is served.

A source is hostile until proven otherwise: every call decodes it in a confined process that sees one file, one
folder and no network. Paths in a `MediaSet` are relative to `out_dir` and use `/`, so that a set can be stored
under any prefix. All durations are integer milliseconds, all sizes bytes, all bandwidths bits per second.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

RejectionCode = Literal[
    "empty",  # the file has no bytes
    "unsupported",  # not an MP4, MOV or AVI file (for avatars: not a JPEG, PNG or WebP picture)
    "unsupported_codec",  # a container we read with a video or audio coding we do not decode
    "no_video",  # sound only, or a still picture
    "corrupt",  # damaged, cut off, or nothing in it decodes
    "too_long",  # longer than ten minutes
    "too_large",  # more pixels a frame than we decode, or a side out of range
    "too_many_frames",  # more frames, or more frames a second, than we decode
    "too_many_streams",
    "too_complex",  # decoding it needs more memory or processor time than a job may take
]
RenditionName = Literal["360p", "720p", "1080p", "4k"]
SandboxKind = Literal["bubblewrap", "namespaces", "limits"]


class MediaError(Exception):
    """Either `MediaRejected` (the input's fault, final) or `MediaFailed` (ours, worth another attempt)."""


class MediaRejected(MediaError):
    """The source can't become a video. `sentence` tells its author why and what to do; trying again won't help."""

    def __init__(self, code: RejectionCode, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code: RejectionCode = code
        self.sentence = sentence


class MediaFailed(MediaError):
    """The engine was stopped, ran out of time or disk, or its output did not pass the checks. Worth a retry."""


class Probe(Struct, frozen=True):
    """What a source really is, measured by reading every packet, never taken from its headers alone."""

    container: Literal["mp4", "mov", "avi"]
    duration_ms: int
    width: int  # as displayed: after rotation, with square pixels
    height: int
    rotation: int  # clockwise degrees the stored picture is turned for display: 0, 90, 180 or 270
    fps: float  # frames a second, the mean where the rate varies
    has_audio: bool
    video_codec: str
    audio_codec: str | None
    hdr: bool


class Rendition(Struct, frozen=True):
    """One rung of the ladder. `playlist` plays alone, with sound; bandwidths count its sound too."""

    name: RenditionName
    width: int
    height: int
    peak_bandwidth_bps: int
    average_bandwidth_bps: int
    codecs: str
    playlist: str


class MediaSet(Struct, frozen=True):
    """Everything made from one source, verified. `files` lists every file of the set, and nothing else is kept."""

    probe: Probe
    duration_ms: int  # of what was made; a source under half a second is held on its last frame
    renditions: tuple[Rendition, ...]  # smallest first
    thumbnails: tuple[str, str, str, str, str]  # in the order of time; very short sources repeat one
    poster: int  # index of the proposed thumbnail
    sprite: str
    sprite_vtt: str
    download: str  # MP4 that carries the author's handle
    master: str  # HLS
    dash: str
    files: dict[str, int]  # relative path -> size_bytes


class SandboxReport(Struct, frozen=True):
    """How sources are confined here. `warning` is a sentence for the operator; production refuses to run with one."""

    kind: SandboxKind
    ffmpeg_version: str
    warning: str | None


class Media(Protocol):
    """Every method raises `MediaRejected` or `MediaFailed`; cancelling one ends its processes before it returns."""

    async def probe(self, source: Path, work_dir: Path) -> Probe:
        """Measures `source`. `work_dir` exists; nothing is left in it."""

    async def render(
        self,
        source: Path,
        out_dir: Path,
        *,
        handle: str,
        poster_at_ms: int | None,
        progress: Callable[[int], None],
    ) -> MediaSet:
        """Makes and verifies the whole set in `out_dir`, which exists, is empty and is this attempt's alone.

        `handle` is the author's name without the `@`. `poster_at_ms` makes the frame shown then one of the five
        thumbnails and the poster, unless it is black: then the one nearest to it. `progress` gets whole percents,
        rising, ending with 100. After an error the folder holds remains: throw it away.
        """

    async def avatar(self, source: Path, out: Path) -> None:
        """Decodes the picture `source`, crops its middle square and writes 256x256 pixels of JPEG to `out`,
        without any of its metadata. JPEG, PNG and WebP are read; `out`'s folder exists."""

    def sandbox(self) -> SandboxReport:
        """What was found when the adapter was made; costs nothing."""
