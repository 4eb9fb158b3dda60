"""Pictures of people: decoded, cropped and made anew."""

import os
from pathlib import Path

import pytest
from PIL import Image

from app.adapters.ffmpeg.media import FfmpegMedia
from app.ports.media import MediaRejected
from tests import factories_media as make
from tests.servers.media.played import pixel


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
async def test_a_photograph_becomes_a_small_plain_square(media: FfmpegMedia, tmp_path: Path, name: str) -> None:
    source = make.photograph(tmp_path / name)

    await media.avatar(source, tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (256, 256))
        assert not image.getexif()
        assert pixel(image, (20, 128))[0] > 200
        assert pixel(image, (236, 128))[2] > 200
    assert b"CameraMaker" not in (tmp_path / "out.jpg").read_bytes()
    assert sorted(os.listdir(tmp_path)) == sorted([name, "out.jpg"])


async def test_a_turned_photograph_is_upright(media: FfmpegMedia, tmp_path: Path) -> None:
    source = make.photograph(tmp_path / "a.jpg", orientation=6)

    await media.avatar(source, tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as image:
        assert pixel(image, (128, 20))[0] > 200
        assert pixel(image, (128, 236))[2] > 200


async def test_a_see_through_picture_lies_on_white(media: FfmpegMedia, tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "a.png")

    await media.avatar(tmp_path / "a.png", tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as image:
        assert image.getpixel((128, 128)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "unsupported"),
        (b"GIF89a" + b"\0" * 100, "unsupported"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "unsupported"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "unsupported"),
    ],
)
async def test_what_is_no_picture_is_refused(media: FfmpegMedia, tmp_path: Path, body: bytes, code: str) -> None:
    (tmp_path / "a.png").write_bytes(body)

    with pytest.raises(MediaRejected) as refused:
        await media.avatar(tmp_path / "a.png", tmp_path / "out.jpg")

    assert refused.value.code == code
    assert os.listdir(tmp_path) == ["a.png"]


async def test_a_cut_picture_and_a_bomb_are_refused(media: FfmpegMedia, tmp_path: Path) -> None:
    whole = make.photograph(tmp_path / "a.jpg")
    whole.write_bytes(whole.read_bytes()[:1500])
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")

    for name, code in (("a.jpg", "corrupt"), ("bomb.png", "too_large")):
        with pytest.raises(MediaRejected) as refused:
            await media.avatar(tmp_path / name, tmp_path / "out.jpg")
        assert refused.value.code == code
