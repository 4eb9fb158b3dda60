"""Heavy or many: the promises on time and memory, and a flood of damaged files."""

import asyncio
import multiprocessing
import random
import resource
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from app.adapters.ffmpeg.media import FfmpegMedia
from app.ports.media import MediaRejected, MediaSet
from tests import factories_media as make
from tests.servers.media.played import assert_whole

pytestmark = pytest.mark.long


async def test_ten_seconds_of_full_hd_take_thirty_on_two_cores_and_a_gigabyte(tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4", size="1080x1920", fps="30", seconds=10)
    (tmp_path / "out").mkdir()
    # From a process of its own: Linux counts what a parent weighs at the fork as its child's, and pytest weighs much.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        made, spent = apart.submit(rendered, source, tmp_path / "out").result(timeout=120)

    assert [one.name for one in made.renditions] == ["360p", "720p", "1080p"]
    # Of the sixty that two cores have in thirty seconds: whoever else runs here is not our doing.
    assert spent.ru_utime + spent.ru_stime < 45
    assert spent.ru_maxrss * 1024 < 1_000_000_000
    assert_whole(made, tmp_path / "out")


def rendered(source: Path, out: Path) -> tuple[MediaSet, resource.struct_rusage]:
    """What was made, and what the tools took that made it."""
    media = FfmpegMedia(kinds=["namespaces"])  # bubblewrap does not wait for what it starts, so nothing is accounted
    made = asyncio.run(media.render(source, out, handle="maria", poster_at_ms=None, progress=lambda _: None))
    return made, resource.getrusage(resource.RUSAGE_CHILDREN)


async def test_4k_becomes_four_renditions(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4", size="2160x3840", fps="30", seconds=1)
    (tmp_path / "out").mkdir()

    made = await media.render(source, tmp_path / "out", handle="maria", poster_at_ms=None, progress=lambda _: None)

    assert [(one.name, one.width, one.height) for one in made.renditions][-1] == ("4k", 2160, 3840)
    assert_whole(made, tmp_path / "out")


async def test_ten_minutes_are_sixty_sprites_a_row_of_ten_and_300_segments(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4", size="64x64", fps="10", seconds=600)
    (tmp_path / "out").mkdir()

    made = await media.render(source, tmp_path / "out", handle="maria", poster_at_ms=None, progress=lambda _: None)

    assert made.duration_ms == 600_000
    assert sum(name.startswith("360p/seg_") for name in made.files) == 300
    assert (tmp_path / "out" / made.sprite_vtt).read_text().count("#xywh=") == 100
    assert_whole(made, tmp_path / "out")


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.avi"])
async def test_damaged_files_are_refused_or_rendered_and_nothing_else(
    media: FfmpegMedia, tmp_path: Path, name: str
) -> None:
    """MediaFailed would be retried for ever: a damaged file must not look like a bad day of ours."""
    makers = {"clip.mp4": make.plain, "clip.mov": make.quicktime, "clip.avi": make.old_avi}
    whole = makers[name](tmp_path / name).read_bytes()
    chance = random.Random(name)
    outcomes = {"refused": 0, "rendered": 0}
    for number in range(60):
        body = bytearray(whole[: chance.randrange(len(whole) // 2, len(whole))] if chance.random() < 0.3 else whole)
        near_header = len(body) if number % 2 else min(len(body), 4096)
        for _ in range(chance.choice([1, 5, 50, 500])):
            body[chance.randrange(near_header)] = chance.randrange(256)
        damaged, out = tmp_path / f"{number}-{name}", tmp_path / f"out{number}"
        damaged.write_bytes(body)
        out.mkdir()
        try:
            await media.render(damaged, out, handle="maria", poster_at_ms=None, progress=lambda _: None)
            outcomes["rendered"] += 1
        except MediaRejected:
            outcomes["refused"] += 1
    assert outcomes["rendered"] > 0
    assert outcomes["refused"] > 0


async def test_a_thousand_tracks_are_refused(media: FfmpegMedia, tmp_path: Path) -> None:
    small = make.silent(tmp_path / "small.mp4", size="64x64", seconds=0.2)
    maps = ("-map", "0:v") * 1000
    make.ffmpeg("-i", small, *maps, "-c", "copy", tmp_path / "clip.mp4")

    with pytest.raises(MediaRejected) as refused:
        await media.probe(tmp_path / "clip.mp4", tmp_path)

    assert refused.value.code == "too_many_streams"
