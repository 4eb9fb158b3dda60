"""The texts we write over the segments, by RFC 8216bis and ISO/IEC 23009-1."""

import re
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.adapters.ffmpeg import hls
from app.adapters.ffmpeg.cmaf import Segment, Track
from app.adapters.ffmpeg.media import FfmpegMedia
from tests import factories_media as make
from tests.servers.media.played import play, read_media, read_variants, render_whole

NAMES = {"": "urn:mpeg:dash:schema:mpd:2011"}


def track(*segments: tuple[float, int], skip: int = 0, width: int = 320) -> Track:
    """Segments of (seconds, bytes)."""
    made = tuple(
        Segment(start=0, duration=int(seconds * 1000), samples=1, size_bytes=size) for seconds, size in segments
    )
    return Track(timescale=1000, codecs="avc1.64001e", width=width, height=240, skip=skip, segments=made)


@pytest.mark.parametrize(
    ("segments", "peak"),
    [
        ([(2, 1000), (2, 3000), (2, 1000)], 12_000),  # the worst segment alone
        ([(2, 1000), (2, 1000), (0.5, 1000)], 6400),  # half a second is no run; with its neighbour it is one
        ([(2, 1000), (2, 1000), (1, 1000)], 8000),  # one second is, at half of the target
        ([(0.5, 500)], 8000),  # all there is
    ],
)
def test_the_peak_is_that_of_any_run_around_one_target_duration(segments: list[tuple[float, int]], peak: int) -> None:
    assert hls.peak_bps(track(*segments)) == peak


def test_priming_is_taken_off_the_sound_and_nothing_off_the_picture() -> None:
    assert track((2, 1), (1, 1), skip=40, width=0).shown() == (Fraction(196, 100), Fraction(1))
    assert track((2, 1), (1, 1), skip=40).shown() == (Fraction(2), Fraction(1))


def test_the_target_is_the_longest_segment_rounded() -> None:
    assert hls.target_s([Fraction("2.002"), Fraction("1.9")]) == 2
    assert hls.target_s([Fraction("2.5")]) == 3
    assert hls.target_s([Fraction("0.04")]) == 1


async def test_dash_and_hls_describe_the_same_files(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4", size="640x360", fps="30000/1001", seconds=4.5)

    made = await render_whole(media, source, tmp_path / "out")

    out = tmp_path / "out"
    tree = ElementTree.parse(out / made.dash).getroot()
    assert tree.get("type") == "static"
    assert tree.get("availabilityStartTime") is None
    lasts_s = float(str(tree.get("mediaPresentationDuration")).removeprefix("PT").removesuffix("S"))
    assert lasts_s == pytest.approx(made.duration_ms / 1000, abs=0.0011)
    described = []
    for adaptation in tree.iterfind("Period/AdaptationSet", NAMES):
        template = adaptation.find("SegmentTemplate", NAMES)
        assert template is not None
        lengths = [
            int(run.get("d", "")) / int(template.get("timescale", ""))
            for run in template.iterfind("SegmentTimeline/S", NAMES)
            for _ in range(int(run.get("r", "0")) + 1)
        ]
        for representation in adaptation.iterfind("Representation", NAMES):
            folder = representation.get("id", "")
            names = [template.get("media", "").replace("$RepresentationID$", folder)] * len(lengths)
            paths = [out / name.replace("$Number%05d$", f"{n:05d}") for n, name in enumerate(names, start=1)]
            described.append((folder, paths, lengths, representation.get("codecs")))
    variant = read_variants(out / made.master)[0]
    assert variant.sound is not None
    for (_, paths, lengths, codecs), playlist in zip(described, (variant.playlist, variant.sound), strict=True):
        read = read_media(playlist)
        assert paths == read.segments
        assert lengths == pytest.approx(read.durations_s, abs=1e-5)
        assert str(codecs) in variant.attributes["CODECS"]
    frames, heard_s = play(out / made.master, sound=True)
    dash_frames, dash_s = play(out / made.dash, "dash", sound=True)
    assert dash_frames == frames
    assert dash_s == pytest.approx(heard_s, abs=0.06)


async def test_no_text_names_a_place_or_a_time_of_day(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4")

    made = await render_whole(media, source, tmp_path / "out")

    texts = [name for name in made.files if name.endswith((".m3u8", ".mpd", ".vtt"))]
    assert len(texts) == 6
    for name in texts:
        body = (tmp_path / "out" / name).read_text()
        assert str(tmp_path) not in body
        assert not re.search(r"20\d\d-\d\d|PROGRAM-DATE-TIME", body)
        assert not re.search(r'(URI="|^)/', body, re.MULTILINE)
