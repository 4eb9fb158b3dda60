"""A second opinion on what the engine made: reads the playlists by itself and plays them with the ffmpeg binary."""

import asyncio
import itertools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from app.ports.media import Media, MediaSet
from tests.factories_media import FFMPEG


@dataclass
class MediaPlaylist:
    version: int
    target_s: int
    durations_s: list[float]
    segments: list[Path]
    init: Path
    tags: set[str]


@dataclass
class Variant:
    attributes: dict[str, str]
    playlist: Path
    sound: Path | None


def attributes(line: str) -> dict[str, str]:
    pairs = re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line.split(":", 1)[1])
    return {name: value.strip('"') for name, value in pairs}


def read_variants(path: Path) -> list[Variant]:
    lines = path.read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    groups = {
        found["GROUP-ID"]: path.parent / found["URI"]
        for line in lines
        if line.startswith("#EXT-X-MEDIA:")
        for found in [attributes(line)]
    }
    return [
        Variant(found, path.parent / name, groups[found["AUDIO"]] if "AUDIO" in found else None)
        for line, name in itertools.pairwise(lines)
        if line.startswith("#EXT-X-STREAM-INF:")
        for found in [attributes(line)]
    ]


def read_media(path: Path) -> MediaPlaylist:
    lines = path.read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    value = {line.split(":")[0]: line.split(":", 1)[1] for line in lines if line.startswith("#") and ":" in line}
    return MediaPlaylist(
        version=int(value["#EXT-X-VERSION"]),
        target_s=int(value["#EXT-X-TARGETDURATION"]),
        durations_s=[float(line[8:].rstrip(",")) for line in lines if line.startswith("#EXTINF:")],
        segments=[path.parent / line for line in lines if not line.startswith("#")],
        init=path.parent / attributes(next(line for line in lines if line.startswith("#EXT-X-MAP:")))["URI"],
        tags={line.split(":")[0] for line in lines} | {line for line in lines if "TYPE" in line},
    )


def play(path: Path, demuxer: str = "hls", *, sound: bool) -> tuple[int, float]:
    """Decodes everything. -> (frames of the picture, seconds of sound). Any complaint of the decoder fails."""
    command = [FFMPEG, "-nostdin", "-v", "error", "-progress", "pipe:2", "-protocol_whitelist", "file", "-f", demuxer]
    command += ["-i", str(path), "-map", "0:v:0", "-f", "null", "-"]
    if sound:
        command += ["-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le", "pipe:1"]
    ended = subprocess.run(command, capture_output=True, timeout=120)
    said = [line.partition(b"=") for line in ended.stderr.splitlines()]
    assert ended.returncode == 0, ended.stderr
    assert all(re.fullmatch(rb"[a-z0-9_]+", name) for name, _, _ in said), ended.stderr
    frames = [int(value) for name, _, value in said if name == b"frame"]
    return frames[-1], len(ended.stdout) / 16_000


async def render_whole(media: Media, source: Path, out: Path, poster_at_ms: int | None = None) -> MediaSet:
    """Renders into a new folder, and holds the set against everything that is true of every set."""
    await asyncio.to_thread(out.mkdir)
    percents: list[int] = []
    made = await media.render(source, out, handle="maria", poster_at_ms=poster_at_ms, progress=percents.append)
    assert percents == sorted(set(percents))
    assert percents[-1] == 100
    await asyncio.to_thread(assert_whole, made, out)
    return made


def assert_whole(made: MediaSet, root: Path) -> None:
    """What holds for every set, whatever it was made of."""
    on_disk = {path.relative_to(root).as_posix(): path.stat().st_size for path in root.rglob("*") if path.is_file()}
    assert made.files == on_disk
    seconds = made.duration_ms / 1000
    variants = read_variants(root / made.master)
    assert len(variants) == len(made.renditions)
    cuts = []
    for rendition, variant in zip(made.renditions, variants, strict=True):
        alone = read_variants(root / rendition.playlist)
        assert len(alone) == 1
        assert alone[0].attributes == variant.attributes
        assert alone[0].playlist.resolve() == variant.playlist.resolve()
        assert variant.attributes["RESOLUTION"] == f"{rendition.width}x{rendition.height}"
        assert rendition.width % 2 == rendition.height % 2 == 0
        assert (variant.sound is not None) == made.probe.has_audio
        pictures = assert_media(variant.playlist, seconds)
        cuts.append(pictures.durations_s)
        tracks = [pictures] + ([assert_media(variant.sound, seconds)] if variant.sound else [])
        assert int(variant.attributes["BANDWIDTH"]) == rendition.peak_bandwidth_bps
        average = sum(8 * sum(one.stat().st_size for one in track.segments) / seconds for track in tracks)
        assert int(variant.attributes["AVERAGE-BANDWIDTH"]) <= int(variant.attributes["BANDWIDTH"])
        assert abs(int(variant.attributes["AVERAGE-BANDWIDTH"]) - average) <= average / 20
        codecs = r"avc1\.64[0-9a-f]{4},mp4a\.40\.2" if made.probe.has_audio else r"avc1\.64[0-9a-f]{4}"
        assert re.fullmatch(codecs, variant.attributes["CODECS"])
        frames, heard_s = play(root / rendition.playlist, sound=made.probe.has_audio)
        assert frames == round(seconds * float(variant.attributes["FRAME-RATE"]))
        assert heard_s == (pytest.approx(seconds, abs=0.06) if made.probe.has_audio else 0)
    assert all(cut == cuts[0] for cut in cuts)
    assert_pictures(made, root)
    kept_frames, kept_s = play(root / made.download, "mov", sound=made.probe.has_audio)
    assert kept_frames == frames
    assert kept_s == pytest.approx(heard_s, abs=0.03)


def assert_media(path: Path, seconds: float) -> MediaPlaylist:
    read = read_media(path)
    assert read.version >= 6
    assert {"#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-ENDLIST"} <= read.tags
    assert "#EXT-X-PROGRAM-DATE-TIME" not in read.tags
    assert b"cmfc" in read.init.read_bytes()[:40]
    assert all(segment.stat().st_size for segment in read.segments)
    assert len(set(read.segments)) == len(read.durations_s)
    assert max(round(duration) for duration in read.durations_s) <= read.target_s
    assert abs(sum(read.durations_s) - seconds) < 0.05
    return read


def assert_pictures(made: MediaSet, root: Path) -> None:
    assert len(made.thumbnails) == 5
    assert 0 <= made.poster < 5
    for name in made.thumbnails:
        with Image.open(root / name) as image:
            assert image.format == "JPEG"
            assert abs(image.width / image.height - made.probe.width / made.probe.height) < 0.1
            assert max(ImageStat.Stat(image).mean) > 16
    tiles = re.findall(r"#xywh=(\d+),(\d+),(\d+),(\d+)", (root / made.sprite_vtt).read_text())
    assert tiles
    with Image.open(root / made.sprite) as sprite:
        for x, y, width, height in (map(int, tile) for tile in tiles):
            assert x + width <= sprite.width
            assert y + height <= sprite.height


def pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    """Red, green and blue at a place."""
    found = image.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return found
