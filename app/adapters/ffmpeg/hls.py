"""Verified tracks -> HLS playlists (RFC 8216bis, protocol version 7). Pure.

Written here and not by the muxer, whose playlists have generic names, an understated BANDWIDTH, wall-clock times, no
VOD mark, and variants that play without sound.
"""

from collections.abc import Sequence
from fractions import Fraction

from app.adapters.ffmpeg.cmaf import Track
from app.adapters.ffmpeg.graph import INIT, SEGMENT

VARIANT, PICTURE, SOUND = "playlist.m3u8", "video.m3u8", "playlist.m3u8"
AUDIO_FOLDER = "audio"


def media_playlist(track: Track) -> str:
    """Names are relative to the track's folder."""
    shown = track.shown()
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target_s(shown)}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{INIT}"',
    ]
    for number, duration in enumerate(shown, start=1):
        lines += [f"#EXTINF:{float(duration):.6f},", SEGMENT.format(number=number)]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def multivariant(variants: Sequence[tuple[str, Track]], sound: Track | None, fps: Fraction, *, up: str = "") -> str:
    """`variants` pairs a picture playlist's path with its track; `up` leads from this playlist's folder to the root."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if sound is not None:
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Original",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
            f'URI="{up}{AUDIO_FOLDER}/{SOUND}"'
        )
    for path, track in variants:
        peak, average = bandwidth(track, sound)
        attributes = [
            f"BANDWIDTH={peak}",
            f"AVERAGE-BANDWIDTH={average}",
            f'CODECS="{codecs(track, sound)}"',
            f"RESOLUTION={track.width}x{track.height}",
            f"FRAME-RATE={float(fps):.3f}",
            "VIDEO-RANGE=SDR",
            "CLOSED-CAPTIONS=NONE",
        ]
        if sound is not None:
            attributes.append('AUDIO="audio"')
        lines += ["#EXT-X-STREAM-INF:" + ",".join(attributes), path]
    return "\n".join([*lines, ""])


def codecs(track: Track, sound: Track | None) -> str:
    return track.codecs if sound is None else f"{track.codecs},{sound.codecs}"


def bandwidth(track: Track, sound: Track | None) -> tuple[int, int]:
    """(peak, average) bits per second of picture and sound together, containers included."""
    tracks = [track] if sound is None else [track, sound]
    return sum(peak_bps(one) for one in tracks), sum(average_bps(one) for one in tracks)


def peak_bps(track: Track) -> int:
    """RFC 8216bis §4.4.6.2: the largest bit rate of any contiguous run of segments that lasts between 0.5 and 1.5
    target durations. A track that is shorter than that altogether counts as one run."""
    shown = track.shown()
    target = target_s(shown)
    peak = Fraction(average_bps(track))
    for first in range(len(shown)):
        seconds, size = Fraction(0), 0
        for segment, duration in zip(track.segments[first:], shown[first:], strict=True):
            seconds, size = seconds + duration, size + segment.size_bytes
            if seconds * 2 > target * 3:
                break
            if seconds * 2 >= target:
                peak = max(peak, 8 * size / seconds)
    return -(-peak.numerator // peak.denominator)


def average_bps(track: Track) -> int:
    size = sum(segment.size_bytes for segment in track.segments)
    return -(-8 * size // sum(track.shown()))


def target_s(shown: Sequence[Fraction]) -> int:
    """Every duration, rounded to the nearest second, is at most this."""
    return max(1, int(max(shown) + Fraction(1, 2)))
