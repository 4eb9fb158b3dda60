"""Verified tracks -> a static MPEG-DASH manifest (ISO/IEC 23009-1, live profile) over the same files. Pure."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from xml.sax.saxutils import quoteattr

from app.adapters.ffmpeg.cmaf import Track
from app.adapters.ffmpeg.graph import INIT
from app.adapters.ffmpeg.hls import AUDIO_FOLDER, average_bps, peak_bps
from app.adapters.ffmpeg.ladder import AUDIO_RATE_HZ

_CMAF_PROFILES = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"
_CHANNELS = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"


def manifest(variants: Sequence[tuple[str, Track]], sound: Track | None, fps: Fraction) -> str:
    """`variants` pairs a representation's folder, which is its id, with its track; all share one segment timeline."""
    tracks = [track for _, track in variants] + ([sound] if sound else [])
    duration = float(max(sum(track.shown()) for track in tracks))
    longest = float(max(max(track.shown()) for track in tracks))
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="{_CMAF_PROFILES}" type="static" '
        f'mediaPresentationDuration="PT{duration:.3f}S" maxSegmentDuration="PT{longest:.3f}S" minBufferTime="PT2S">',
        '  <Period id="0" start="PT0S">',
        f'    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" '
        f'frameRate="{fps.numerator}/{fps.denominator}">',
        *_timeline(variants[0][1]),
    ]
    for folder, track in variants:
        lines.append(
            f"      <Representation id={quoteattr(folder)} {_rate(track)} "
            f'width="{track.width}" height="{track.height}" sar="1:1"/>'
        )
    lines.append("    </AdaptationSet>")
    if sound is not None:
        lines += [
            '    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" '
            'startWithSAP="1">',
            *_timeline(sound),
            f'      <Representation id="{AUDIO_FOLDER}" {_rate(sound)} audioSamplingRate="{AUDIO_RATE_HZ}">',
            f'        <AudioChannelConfiguration schemeIdUri="{_CHANNELS}" value="2"/>',
            "      </Representation>",
            "    </AdaptationSet>",
        ]
    return "\n".join([*lines, "  </Period>", "</MPD>", ""])


def _rate(track: Track) -> str:
    """`bandwidth` promises that playback never starves after `minBufferTime`, which the peak does."""
    return f'codecs="{track.codecs}" bandwidth="{max(peak_bps(track), average_bps(track))}"'


def _timeline(track: Track) -> list[str]:
    ticks = [int(duration * track.timescale) for duration in track.shown()]
    lines = [
        f'      <SegmentTemplate timescale="{track.timescale}" startNumber="1" '
        f'initialization="$RepresentationID$/{INIT}" media="$RepresentationID$/seg_$Number%05d$.m4s">',
        "        <SegmentTimeline>",
    ]
    start = ' t="0"'
    for duration, run in groupby(ticks):
        repeat = len(list(run)) - 1
        lines.append(f'          <S{start} d="{duration}"' + (f' r="{repeat}"' if repeat else "") + "/>")
        start = ""
    return [*lines, "        </SegmentTimeline>", "      </SegmentTemplate>"]
