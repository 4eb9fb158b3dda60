"""Demo clips for `kinora seed`: vertical, with sound, and no two alike. Our own input, so no sandbox is needed."""

import asyncio
import colorsys
import io
from pathlib import Path
from typing import Final

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFont

SIZE: Final = (720, 1280)
SECONDS: Final = 7
TIMEOUT_S: Final = 120.0
_SCALES: Final = ((0, 4, 7, 11), (0, 3, 7, 10), (0, 2, 7, 9), (0, 5, 7, 12))

# Sources of moving pictures; {n} makes them differ, {h} is a hue in degrees.
_SCENES: Final = (
    "gradients=s=720x1280:r=30:n=5:c0={a}:c1={b}:c2={c}:c3={a}:c4={b}:speed=0.03:type=radial:seed={n}",
    "mandelbrot=s=720x1280:r=30:start_scale=0.{n:03d}:end_scale=0.002:maxiter=160,hue=h={h}",
    "perlin=s=180x320:r=30:octaves=3:xscale=3:yscale=3:tscale=0.6:random_mode=seed:seed={n},scale=720:1280,format=gbrp,"
    "pseudocolor=preset=turbo,hue=h={h}",
    "life=s=90x160:r=15:mold=12:seed={n}:ratio=0.3:life_color={a}:death_color={b}:mold_color={c},fps=30,"
    "scale=720:1280:flags=neighbor,gblur=sigma=3",
    "gradients=s=720x1280:r=30:n=3:c0={c}:c1={a}:c2={b}:speed=0.05:type=spiral:seed={n}",
    "cellauto=s=90x160:r=30:rule={rule}:random_seed={n}:random_fill_ratio=0.2,scale=720:1280:flags=neighbor,format=gbrp,"
    "colorchannelmixer=rr=0.{r}:gg=0.{g}:bb=0.9,gblur=sigma=2",
    "zoneplate=s=720x1280:r=30:ku=30:kv=40:kt={n}:kx2=20:ky2=12,format=gbrp,pseudocolor=preset=plasma,hue=h={h}",
)


async def make_clip(to: Path, number: int, title: str, handle: str) -> None:
    """Writes clip `number` as MP4 with a caption; raises OSError with ffmpeg's words if it fails."""
    caption = to.with_suffix(".png")
    await asyncio.to_thread(_caption, caption, title, handle)
    command = (
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-nostdin", "-v", "error", "-y"),
        *("-f", "lavfi", "-t", str(SECONDS), "-i", _scene(number)),
        *("-f", "lavfi", "-t", str(SECONDS), "-i", _sound(number)),
        *("-i", str(caption)),
        *("-filter_complex", "[0:v]setsar=1,vignette=angle=0.5[s];[s][2:v]overlay=format=auto[v]"),
        *("-map", "[v]", "-map", "1:a", "-shortest", "-r", "30"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "24", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", str(to)),
    )
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, errors = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    finally:
        caption.unlink(missing_ok=True)
    if process.returncode:
        raise OSError(f"ffmpeg could not make a demo clip: {errors.decode(errors='replace')[-500:]}")


def make_picture(number: int) -> bytes:
    """A profile picture: a disc of the creator's colours, as JPEG."""
    picture = Image.radial_gradient("L").resize((512, 512))
    inner, outer = _colour(number, 0.0), _colour(number, 0.4)
    blend = Image.composite(Image.new("RGB", (512, 512), outer), Image.new("RGB", (512, 512), inner), picture)
    out = io.BytesIO()
    blend.save(out, "JPEG", quality=88)
    return out.getvalue()


def _scene(number: int) -> str:
    return _SCENES[number % len(_SCENES)].format(
        n=number + 1,
        h=number * 47 % 360,
        a=_hex(number, 0.0),
        b=_hex(number, 0.33),
        c=_hex(number, 0.6),
        r=5 + number % 5,
        g=3 + number % 6,
        rule=(30, 90, 110, 150, 182)[number % 5],
    )


def _sound(number: int) -> str:
    """A little arpeggio over a soft bass, in a key of its own."""
    base_hz = 110 * 2 ** ((number * 5 % 12) / 12)
    notes = [base_hz * 2 ** (1 + step / 12) for step in _SCALES[number % len(_SCALES)]]
    beat = f"mod(floor(t*{3 + number % 3})\\,4)"
    melody = "+".join(f"eq({beat}\\,{place})*sin({hz:.2f}*2*PI*t)" for place, hz in enumerate(notes))
    decay = f"exp(-4*mod(t*{3 + number % 3}\\,1))"
    return f"aevalsrc=0.25*({melody})*{decay}+0.12*sin({base_hz:.2f}*2*PI*t):s=44100,aecho=0.8:0.7:120:0.35"


def _caption(to: Path, title: str, handle: str) -> None:
    picture = Image.new("RGBA", SIZE)
    draw = ImageDraw.Draw(picture)
    big, small = ImageFont.load_default(64), ImageFont.load_default(34)
    draw.text((360, 520), title, font=big, fill="white", anchor="mm", stroke_width=3, stroke_fill=(0, 0, 0, 160))
    draw.text((360, 600), f"@{handle}", font=small, fill=(255, 255, 255, 220), anchor="mm")
    picture.save(to)


def _colour(number: int, turn: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb((number * 0.618 + turn) % 1.0, 0.72, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def _hex(number: int, turn: float) -> str:
    return "0x{:02x}{:02x}{:02x}".format(*_colour(number, turn))
