"""Clips that are unusual and fine: each becomes a whole set that plays."""

from collections.abc import Callable
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageStat

from app.adapters.ffmpeg.media import FfmpegMedia
from tests import factories_media as make
from tests.servers.media.played import pixel, read_variants, render_whole


@pytest.mark.parametrize(
    ("factory", "name", "size", "duration_ms", "sound"),
    [
        (make.plain, "plain.mp4", (320, 240), 1000, True),
        (make.silent, "silent.mp4", (320, 240), 1000, False),
        (make.anamorphic, "anamorphic.mp4", (320, 240), 1000, False),
        (make.variable_rate, "variable.mp4", (320, 240), 3000, True),
        (make.trimmed, "trimmed.mov", (320, 240), 800, True),
        (make.crowded, "crowded.mp4", (320, 240), 1000, True),
        (make.one_frame, "one.mp4", (320, 240), 40, False),
        (make.long_sound, "sound.mp4", (320, 240), 2500, True),
        (make.late_picture, "late.mp4", (320, 240), 1800, True),
        (make.telephone_sound, "telephone.mp4", (320, 240), 1000, True),
        (make.quicktime, "editor.mov", (320, 240), 1000, True),
        (make.interlaced, "tape.mov", (320, 240), 1000, False),
        (make.old_avi, "old.avi", (320, 240), 1000, True),
    ],
)
async def test_an_odd_clip_becomes_a_whole_set(
    media: FfmpegMedia,
    tmp_path: Path,
    factory: Callable[[Path], Path],
    name: str,
    size: tuple[int, int],
    duration_ms: int,
    sound: bool,
) -> None:
    made = await render_whole(media, factory(tmp_path / name), tmp_path / "out")

    assert made.probe.container == name.rsplit(".", 1)[1]
    assert (made.probe.width, made.probe.height) == size
    assert abs(made.probe.duration_ms - duration_ms) <= 60
    assert abs(made.duration_ms - max(500, made.probe.duration_ms)) <= 40
    assert made.probe.has_audio is sound
    assert not made.probe.hdr


@pytest.mark.parametrize(
    ("size", "expected"),
    [("321x241", (320, 240)), ("64x64", (64, 64)), ("640x272", (640, 272)), ("181x641", (180, 640))],
)
async def test_odd_and_small_sizes_keep_their_aspect_and_never_grow(
    media: FfmpegMedia, tmp_path: Path, size: str, expected: tuple[int, int]
) -> None:
    source = tmp_path / "clip.mp4"
    make.ffmpeg(*make.picture(size), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p", source)

    made = await render_whole(media, source, tmp_path / "out")

    assert [(one.name, one.width, one.height) for one in made.renditions] == [("360p", *expected)]


async def test_a_landscape_clip_gets_every_rung_up_to_its_own_height(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4", size="1280x720")

    made = await render_whole(media, source, tmp_path / "out")

    sizes = [(one.name, one.width, one.height) for one in made.renditions]
    assert sizes == [("360p", 640, 360), ("720p", 1280, 720)]
    assert made.renditions[0].peak_bandwidth_bps < made.renditions[1].peak_bandwidth_bps


@pytest.mark.parametrize(
    ("degrees", "size", "red"),
    [(90, (240, 320), (120, 310)), (180, (320, 240), (310, 120)), (270, (240, 320), (120, 10))],
)
async def test_a_rotated_clip_is_upright(
    media: FfmpegMedia, tmp_path: Path, degrees: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    source = make.rotated(tmp_path / "clip.mov", degrees)

    made = await render_whole(media, source, tmp_path / "out")

    assert made.probe.rotation == 360 - degrees
    assert (made.probe.width, made.probe.height) == size
    assert (made.renditions[0].width, made.renditions[0].height) == size
    with Image.open(tmp_path / "out" / made.thumbnails[0]) as image:
        assert pixel(image, red)[0] > 200


@pytest.mark.parametrize(("fps", "expected"), [("30000/1001", "29.970"), ("120", "60.000"), ("3", "12.000")])
async def test_the_frame_rate_is_kept_or_brought_into_range(
    media: FfmpegMedia, tmp_path: Path, fps: str, expected: str
) -> None:
    source = make.silent(tmp_path / "clip.mp4", size="128x96", fps=fps, seconds=2.2)

    made = await render_whole(media, source, tmp_path / "out")

    (variant,) = read_variants(tmp_path / "out" / made.master)
    assert variant.attributes["FRAME-RATE"] == expected


@pytest.mark.parametrize(
    ("transfer", "tone_maps"), [("arib-std-b67", True), ("smpte2084", True), ("arib-std-b67", False)]
)
async def test_high_dynamic_range_becomes_standard_and_keeps_its_colours(
    tmp_path: Path, transfer: str, tone_maps: bool
) -> None:
    media = FfmpegMedia()
    assert media._tools.engine.tone_maps
    engine = msgspec.structs.replace(
        media._tools.engine, tone_maps=tone_maps
    )  # as a build without zscale would have it
    media._tools = msgspec.structs.replace(media._tools, engine=engine)
    source = make.high_dynamic_range(tmp_path / "clip.mp4", transfer)

    made = await render_whole(media, source, tmp_path / "out")

    assert made.probe.hdr
    with av.open(str(tmp_path / "out" / made.download)) as container:
        frame = next(container.decode(video=0))
        assert (frame.format.name, frame.colorspace, frame.color_trc, frame.color_primaries) == ("yuv420p", 1, 1, 1)
    with Image.open(tmp_path / "out" / made.thumbnails[0]) as image:
        assert 40 < ImageStat.Stat(image.convert("L")).mean[0] < 200
        assert ImageStat.Stat(image.convert("L")).stddev[0] > 20


async def test_sound_and_picture_stay_in_step(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.flash_and_beep(tmp_path / "clip.mp4")

    made = await render_whole(media, source, tmp_path / "out")

    for path, demuxer in ((made.renditions[0].playlist, "hls"), (made.download, "mov")):
        with av.open(str(tmp_path / "out" / path), format=demuxer) as container:
            flash_s = next(one.time for one in container.decode(video=0) if one.to_ndarray()[:240].mean() > 100)
        with av.open(str(tmp_path / "out" / path), format=demuxer) as container:
            heard = [(one.time or 0.0, np.abs(one.to_ndarray()).max(axis=0)) for one in container.decode(audio=0)]
        beep_s = next(time + np.argmax(loud > 0.2) / 48000 for time, loud in heard if (loud > 0.2).any())
        assert abs(flash_s - 1.0) < 0.05
        assert abs(beep_s - 1.0) < 0.03


async def test_thumbnails_avoid_black(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.colours(tmp_path / "clip.mp4", "black", "black", "black", "white")

    made = await render_whole(media, source, tmp_path / "out")

    for name in made.thumbnails:
        with Image.open(tmp_path / "out" / name) as image:
            assert ImageStat.Stat(image.convert("L")).mean[0] > 200


async def test_the_author_chooses_the_poster(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.colours(tmp_path / "clip.mp4", "red", "lime", "blue")

    made = await render_whole(media, source, tmp_path / "out", poster_at_ms=1500)

    with Image.open(tmp_path / "out" / made.thumbnails[made.poster]) as image:
        red, green, blue = ImageStat.Stat(image).mean
    assert green > 200
    assert red < 60
    assert blue < 60


async def test_nothing_the_camera_wrote_about_its_owner_remains(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.located(tmp_path / "clip.mov")
    secrets = (b"48.8584", b"Maria Curie", b"at home", b"com.apple.quicktime")
    assert all(secret in source.read_bytes() for secret in secrets)

    made = await render_whole(media, source, tmp_path / "out")

    for name in made.files:
        body = (tmp_path / "out" / name).read_bytes()
        assert not any(secret in body for secret in secrets), name
        assert not any(junk in body for junk in (b"x264 - core", b"Lavc", b"Lavf")), name


async def test_the_download_carries_the_handle_and_the_renditions_do_not(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.colours(tmp_path / "clip.mp4", "gray")

    made = await render_whole(media, source, tmp_path / "out")

    def corner(path: str, demuxer: str) -> float:
        with av.open(str(tmp_path / "out" / path), format=demuxer) as container:
            luma = next(container.decode(video=0)).to_ndarray(format="gray")
        return float(luma[200:, 240:].std())

    assert corner(made.download, "mov") > 5
    assert corner(made.renditions[0].playlist, "hls") < 1


async def test_a_long_handle_fits_a_stamp_sized_clip(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.silent(tmp_path / "clip.mp4", size="16x16")
    (tmp_path / "out").mkdir()

    made = await media.render(source, tmp_path / "out", handle="a" * 30, poster_at_ms=10**9, progress=lambda _: None)

    assert (made.probe.width, made.probe.height) == (16, 16)
    assert made.poster == 4
