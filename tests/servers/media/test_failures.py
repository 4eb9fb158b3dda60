"""What is not the author's fault is MediaFailed, so that it is tried again."""

import asyncio
import os
import sys
import textwrap
from pathlib import Path

import pytest

from app.adapters.ffmpeg.media import FfmpegMedia
from app.ports.media import MediaFailed
from tests import factories_media as make


async def test_a_missing_file_or_folder_is_ours(media: FfmpegMedia, tmp_path: Path) -> None:
    clip = make.silent(tmp_path / "clip.mp4")

    with pytest.raises(MediaFailed):
        await media.probe(tmp_path / "gone.mp4", tmp_path)
    with pytest.raises(MediaFailed):
        await media.probe(clip, tmp_path / "gone")
    with pytest.raises(MediaFailed):
        await media.avatar(tmp_path / "gone.png", tmp_path / "out.jpg")


@pytest.mark.parametrize("size", ["64k", "300k"])
async def test_a_full_disk_is_ours(tmp_path: Path, size: str) -> None:
    """In a mount namespace of its own, where the output folder is a disk of `size`."""
    clip, out = make.plain(tmp_path / "clip.mp4", seconds=3), tmp_path / "out"
    out.mkdir()
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
            import asyncio, sys
            from pathlib import Path
            from app.adapters.ffmpeg.media import FfmpegMedia
            from app.ports.media import MediaFailed

            clip, out = Path(sys.argv[1]), Path(sys.argv[2])
            try:
                media = FfmpegMedia()
                asyncio.run(media.render(clip, out, handle="maria", poster_at_ms=None, progress=lambda _: None))
            except MediaFailed as error:
                print("failed:", error)
        """)
    )
    small = 'mount -t tmpfs -o size="$0" none "$1" && shift && exec "$@"'
    run = (sys.executable, program, clip, out)
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", small, size, out, *run),
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()

    assert process.returncode == 0
    assert said.startswith(b"failed:")
