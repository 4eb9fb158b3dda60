import pytest

from app.adapters.ffmpeg.media import FfmpegMedia


@pytest.fixture(scope="session")
def media() -> FfmpegMedia:
    """The engine as this machine confines it best."""
    return FfmpegMedia()
