"""Runs confined, as a script: `picture_child.py SITE REQUEST` does one thing with Pillow and prints JSON.

REQUEST has `do` and what that needs; paths are absolute, or relative to the working folder:
`mark` draws a handle, `judge` measures stills, `sprite` pastes tiles, `avatar` remakes a picture. A picture that can't
be read prints `{"error": code}`, the codes being those of `MediaRejected`.
"""

import json
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

from PIL import Image, ImageDraw, ImageFont, ImageOps, ImageStat, UnidentifiedImageError

Image.MAX_IMAGE_PIXELS = None  # avatar() has a bound of its own, and the process another
_BLACK_LUMA = 32  # of 255; the threshold of ffmpeg's blackframe filter
_JUDGED_EDGE = 160
_SMALLEST_LETTERS = 6


def mark(request: dict[str, Any]) -> dict[str, Any]:
    """White letters with a dark edge on nothing, with the margin to the frame's corner included."""
    for size in range(request["size"], _SMALLEST_LETTERS - 1, -1):
        font, edge, margin = ImageFont.load_default(size), max(1, size // 12), size // 2
        box = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), request["text"], font=font, stroke_width=edge)
        width, height = int(box[2] - box[0]) + margin, int(box[3] - box[1]) + margin
        if width <= request["max_width"]:
            break
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    ImageDraw.Draw(image).text(
        (-box[0], -box[1]),
        request["text"],
        font=font,
        fill=(255, 255, 255, 200),
        stroke_width=edge,
        stroke_fill=(0, 0, 0, 140),
    )
    image = image.crop((0, 0, min(width, request["max_width"]), height))  # a stamp-sized frame shows its beginning
    image.save(request["out"], "PNG")
    return {"width": image.width, "height": image.height}


def judge(request: dict[str, Any]) -> dict[str, Any]:
    """Of each still: its size, the share of it that is black, and its contrast (standard deviation of luma)."""
    verdicts = []
    for path in request["paths"]:
        with Image.open(path, formats=("JPEG",)) as image:
            size = image.size
            luma = image.convert("L")
        luma.thumbnail((_JUDGED_EDGE, _JUDGED_EDGE))
        black = sum(luma.histogram()[:_BLACK_LUMA]) / (luma.width * luma.height)
        verdicts.append(
            {"width": size[0], "height": size[1], "black": black, "contrast": ImageStat.Stat(luma).stddev[0]}
        )
    return {"verdicts": verdicts}


def sprite(request: dict[str, Any]) -> dict[str, Any]:
    """Tiles in reading order. Every tile must have the stated size."""
    columns, (width, height) = request["columns"], request["tile"]
    rows = -(-len(request["paths"]) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for index, path in enumerate(request["paths"]):
        with Image.open(path, formats=("JPEG",)) as tile:
            if tile.size != (width, height):
                raise ValueError(f"{path} is {tile.size}")
            sheet.paste(tile, (index % columns * width, index // columns * height))
    sheet.save(request["out"], "JPEG", quality=80, optimize=True)
    return {"width": sheet.width, "height": sheet.height}


def avatar(request: dict[str, Any]) -> dict[str, Any]:
    """New pixels in a new file: neither metadata nor a second file hidden behind the picture survives."""
    try:
        with Image.open(request["path"], formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > request["max_pixels"]:
                return {"error": "too_large"}
            edge = request["edge"]
            image.draft("RGB", (2 * edge, 2 * edge))  # JPEG decodes at an eighth, quarter or half by itself
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except UnidentifiedImageError:
        return {"error": "unsupported"}
    except (OSError, SyntaxError, ValueError):  # what Pillow's decoders raise
        return {"error": "corrupt"}
    square = ImageOps.fit(upright, (edge, edge), Image.Resampling.LANCZOS)
    plain = Image.new("RGB", square.size, "white")
    plain.paste(square, mask=square)
    plain.save(request["out"], "JPEG", quality=88, optimize=True)
    return {"width": edge, "height": edge}


def main() -> None:
    """Prints one line of JSON; a traceback and status 1 mean that what this program was given is wrong."""
    request = json.loads(sys.argv[2])
    try:
        answer = {"mark": mark, "judge": judge, "sprite": sprite, "avatar": avatar}[request["do"]](request)
    except MemoryError:
        answer = {"error": "too_complex"}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
