"""Clips nobody here made."""

from pathlib import Path

import pytest

from app.adapters.ffmpeg.media import FfmpegMedia
from tests.factories_media import real_clips
from tests.servers.media.played import render_whole


@pytest.mark.parametrize(
    ("name", "displayed", "renditions", "duration_ms", "sound"),
    [
        ("bigbuckbunny", (1280, 720), ["360p", "720p"], 5312, True),  # 5.1 sound
        ("bikes", (640, 272), ["360p"], 10_000, False),
        ("carphone_pristine", (193, 144), ["360p"], 4004, False),  # pixels of 128:117, 29.97 a second
        ("carphone_distorted", (193, 144), ["360p"], 4004, False),
    ],
)
async def test_a_real_clip_becomes_a_whole_set(
    media: FfmpegMedia,
    tmp_path: Path,
    name: str,
    displayed: tuple[int, int],
    renditions: list[str],
    duration_ms: int,
    sound: bool,
) -> None:
    made = await render_whole(media, real_clips()[name], tmp_path / "out")

    assert (made.probe.width, made.probe.height) == displayed
    assert [one.name for one in made.renditions] == renditions
    assert abs(made.probe.duration_ms - duration_ms) <= 5
    assert made.probe.has_audio is sound
