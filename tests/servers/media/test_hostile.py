"""Files made to hurt: each is refused with a code its author can act on, and reads nothing but itself."""

import asyncio
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.ffmpeg.media import FfmpegMedia
from app.adapters.ffmpeg.sandbox import ALL_KINDS
from app.ports.media import MediaRejected, SandboxKind
from tests import factories_media as make

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def unread(path: Path) -> Path:
    """Marks a file so that the next read shows in its access time, as `relatime` mounts keep it."""
    os.utime(path, ns=(1_000_000_000, 2_000_000_000))
    return path


def was_read(path: Path) -> bool:
    return path.stat().st_atime_ns != 1_000_000_000


@pytest.mark.parametrize(
    ("factory", "code"),
    [
        (make.archive, "unsupported"),
        (make.too_long, "too_long"),
        (make.too_many_frames, "too_many_frames"),
        (make.bomb, "too_large"),
        (make.many_streams, "too_many_streams"),
        (make.sound_only, "no_video"),
        (make.unread_codec, "unsupported_codec"),
        (make.cut_off, "corrupt"),
    ],
)
async def test_a_file_beyond_the_limits_is_refused(
    media: FfmpegMedia, tmp_path: Path, factory: Callable[[Path], Path], code: str
) -> None:
    source = factory(tmp_path / "clip.mp4")
    work = tmp_path / "work"
    work.mkdir()
    began = time.monotonic()

    with pytest.raises(MediaRejected) as refused:
        await media.render(source, work, handle="maria", poster_at_ms=None, progress=lambda _: None)

    assert refused.value.code == code
    assert re.fullmatch(r"[A-Z][^.]+\. .+\.", refused.value.sentence)
    assert os.listdir(work) == []
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (EICAR, "unsupported"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "unsupported"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + EICAR * 100, "corrupt"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\xff\xff\xff\xffmoov" + b"\xff" * 1000, "corrupt"),
        (b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\x7fhdrl" + b"\xff" * 1000, "corrupt"),
    ],
)
async def test_garbage_is_refused(media: FfmpegMedia, tmp_path: Path, body: bytes, code: str) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(body)

    with pytest.raises(MediaRejected) as refused:
        await media.probe(source, tmp_path)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("factory", "name", "followed_by"),
    [
        (make.playlist, "canary.ts", ("-f", "hls", "-allowed_extensions", "ALL", "-allowed_segment_extensions", "ALL")),
        (make.concatenation, "canary.mp4", ("-f", "concat", "-safe", "0")),
        (make.dash_manifest, "canary.mp4", ("-f", "dash")),
    ],
)
async def test_a_playlist_named_mp4_reads_no_other_file(
    media: FfmpegMedia, tmp_path: Path, factory: Callable[[Path, str], Path], name: str, followed_by: tuple[str, ...]
) -> None:
    canary = unread(make.plain(tmp_path / name))
    source = factory(tmp_path / "clip.mp4", f"file://{canary}")

    with pytest.raises(MediaRejected) as refused:
        await media.probe(source, tmp_path)

    assert refused.value.code == "unsupported"
    assert not was_read(canary)
    # The bait is good, and the access time would have told: whoever asks for it gets the other file.
    make.ffmpeg(*followed_by, "-i", source, "-f", "null", "-")
    assert was_read(canary)


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_a_playlist_hidden_in_avi_subtitles_reads_and_calls_nothing(tmp_path: Path, kind: SandboxKind) -> None:
    calls = []

    def called(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(1)
        writer.close()

    server = await asyncio.start_server(called, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    canary = unread(make.silent(tmp_path / "canary.mp4"))
    media = FfmpegMedia(kinds=[kind])

    for address in (f"file://{canary}", f"http://127.0.0.1:{port}/a.ts"):
        source = make.subtitle_avi(tmp_path / "clip.avi", address)
        assert (await media.probe(source, tmp_path)).video_codec == "mjpeg"
    (tmp_path / "out").mkdir()
    await media.render(source, tmp_path / "out", handle="maria", poster_at_ms=None, progress=lambda _: None)

    assert not was_read(canary)
    assert calls == []
    server.close()
    await server.wait_closed()


async def test_a_lying_index_is_measured_by_its_packets(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.plain(tmp_path / "clip.mp4", seconds=2)
    body = bytearray(source.read_bytes())
    header = body.index(b"mvhd")
    body[header + 20 : header + 24] = (10).to_bytes(4)  # the movie claims ten milliseconds
    source.write_bytes(body)

    assert abs((await media.probe(source, tmp_path)).duration_ms - 2000) < 60
