"""What must hold of an output before anyone may see it. Pure; every failed check raises MediaFailed."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from app.adapters.ffmpeg.cmaf import Track
from app.adapters.ffmpeg.ladder import AUDIO_RATE_HZ, Plan
from app.ports.media import MediaFailed

_AAC_FRAME = Fraction(1024, AUDIO_RATE_HZ)
_SOUND_SLACK = 2 * _AAC_FRAME  # sound ends on a whole frame
_START_SLACK_S = 0.05
BLACK_SHARE = 0.98  # as ffmpeg's blackframe filter has it


class StreamSeen(msgspec.Struct, frozen=True):
    """One stream as `check_child` played it; of pictures `decoded` counts key frames."""

    type: str
    packets: int
    decoded: int
    start_s: float
    end_s: float


class Verdict(msgspec.Struct, frozen=True):
    """One still as `picture_child` saw it."""

    width: int
    height: int
    black: float  # share of its area, 0 to 1
    contrast: float

    @property
    def is_black(self) -> bool:
        return self.black >= BLACK_SHARE


def tracks(plan: Plan, pictures: Sequence[Track], sound: Track | None) -> None:
    """Sizes, frame counts, durations, and that all renditions cut at the same times."""
    for rung, track in zip(plan.rungs, pictures, strict=True):
        _expect((track.width, track.height) == (rung.width, rung.height), f"{rung.name} has the wrong size")
        _expect(
            len(track.segments) == plan.segments, f"{rung.name} has {len(track.segments)} of {plan.segments} segments"
        )
        _expect(track.samples == plan.source.frames, f"{rung.name} has {track.samples} of {plan.source.frames} frames")
        _expect(track.shown() == pictures[0].shown(), f"{rung.name} is cut at other times than {plan.rungs[0].name}")
        _expect(sum(track.shown()) == plan.source.duration, f"{rung.name} lasts {float(sum(track.shown())):.3f} s")
        _gapless(track, rung.name)
    _expect((sound is not None) == (plan.source.audio_index is not None), "the sound is missing or unexpected")
    if sound is not None:
        _gapless(sound, "the sound")
        off = abs(sum(sound.shown()) - plan.source.duration)
        _expect(off <= _SOUND_SLACK, f"sound and picture differ by {float(off):.3f} s")


def _gapless(track: Track, name: str) -> None:
    at = 0
    for segment in track.segments:
        _expect(segment.start == at, f"{name} has a gap at tick {at}")
        at += segment.duration


def playback(plan: Plan, seen: Sequence[StreamSeen], videos: int, key_frames: int) -> None:
    """`videos` picture streams and, if the source has any, one of sound: whole, in step, decodable."""
    pictures = [stream for stream in seen if stream.type == "video"]
    sounds = [stream for stream in seen if stream.type == "audio"]
    _expect(len(pictures) == videos, f"{len(pictures)} of {videos} pictures play")
    _expect(len(sounds) == (plan.source.audio_index is not None), f"{len(sounds)} sound tracks play")
    for stream in pictures:
        _expect(stream.packets == plan.source.frames, f"{stream.packets} of {plan.source.frames} frames play")
        _expect(stream.decoded >= key_frames, f"{stream.decoded} of {key_frames} key frames decode")
    for stream in [*pictures, *sounds]:
        _expect(stream.decoded > 0, "a stream does not decode")
        _expect(abs(stream.start_s) <= _START_SLACK_S, f"{stream.type} starts at {stream.start_s:.3f} s")
        off = abs(stream.end_s - float(plan.source.duration))
        _expect(off <= _START_SLACK_S + float(_SOUND_SLACK), f"{stream.type} ends {off:.3f} s off")


def stills(plan: Plan, candidates: Sequence[Verdict], tiles: int) -> None:
    """Counts and sizes of what the encode left in its work folder."""
    _expect(len(candidates) == len(plan.candidates), f"{len(candidates)} of {len(plan.candidates)} stills")
    size = (plan.download.width, plan.download.height)
    _expect(all((still.width, still.height) == size for still in candidates), "a still has the wrong size")
    _expect(tiles == plan.tiles, f"{tiles} of {plan.tiles} sprite tiles")


def sprite(plan: Plan, width: int, height: int) -> None:
    rows = -(-plan.tiles // plan.sprite_columns)
    size = (plan.sprite_columns * plan.tile_width, rows * plan.tile_height)
    _expect((width, height) == size, f"the sprite is {width}x{height}, not {size[0]}x{size[1]}")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MediaFailed(f"output not verified: {otherwise}")
