"""The ffmpeg binary: which one, and what is in it."""

import re
import tempfile
from pathlib import Path

import imageio_ffmpeg
import msgspec

from app.adapters.ffmpeg.limits import START
from app.adapters.ffmpeg.sandbox import Sandbox, Task, start
from app.ports.media import MediaFailed

_TONE_MAPPING = {"zscale", "tonemap"}


class Engine(msgspec.Struct, frozen=True):
    path: Path  # absolute
    version: str
    tone_maps: bool  # without, HDR is converted by its matrix alone, which looks paler


def find_engine(configured: Path | None, sandbox: Sandbox) -> Engine:
    """The configured binary, else the wheel's. Blocks for up to a second; MediaFailed if it can't run."""
    path = (configured or Path(imageio_ffmpeg.get_ffmpeg_exe())).resolve()

    def ask(*arguments: str) -> str:
        with tempfile.TemporaryDirectory(prefix="kinora-ffmpeg-") as folder:
            command = (str(path), *arguments)
            return start(sandbox, Task(command=command, limits=START, folder=Path(folder), readable=(path,)))

    try:
        version = re.match(r"ffmpeg version (\S+)", ask("-version"))
        listed = ask("-hide_banner", "-filters")
    except MediaFailed as error:
        raise MediaFailed(f"{path} can't run: {error}") from error
    names = {words[1] for line in listed.splitlines() if len(words := line.split()) > 2}
    return Engine(path=path, version=version[1] if version else "unknown", tone_maps=names >= _TONE_MAPPING)
