"""What a probe found -> what is accepted, and how it will be timed. Pure."""

from fractions import Fraction
from typing import Literal

import msgspec

from app.adapters.ffmpeg import limits
from app.ports.media import MediaRejected, Probe, RejectionCode

Container = Literal["mp4", "mov", "avi"]

SENTENCES: dict[RejectionCode, str] = {
    "empty": "The file is empty. Choose the video again.",
    "unsupported": "This is not an MP4, MOV or AVI video. Export it as MP4 and upload that.",
    "unsupported_codec": "The picture or sound is coded in a way we can't read. Export it as MP4 with H.264 and AAC.",
    "no_video": "There is no moving picture in this file. Choose a video.",
    "corrupt": "The file is damaged or was cut off. Export it again and upload the new file.",
    "too_long": "The video is longer than 10 minutes. Shorten it and upload it again.",
    "too_large": "The picture is too large or too narrow. Export it at 4K (3840x2160) or less.",
    "too_many_frames": "The video has too many frames a second. Export it at 60 frames a second or less.",
    "too_many_streams": "The file has too many tracks. Export it with one picture and one sound track.",
    "too_complex": "The video takes more memory or time to decode than we allow. Export it as MP4 with H.264.",
}
_MIN_DURATION = Fraction(1, 2)  # shorter loops are a flicker, and players stall on them
_MIN_OUTPUT_FPS, _MAX_OUTPUT_FPS = 10, 60
_COMMON_RATES = tuple(
    Fraction(rate) for rate in (10, 12, 15, 20, "24000/1001", 24, 25, "30000/1001", 30, 48, 50, "60000/1001", 60)
)
_NTSC_TOLERANCE = Fraction(1, 4000)  # 29.97 is 0.1 % off 30: nearer than a quarter of that is the same rate
_CUT_OFF_S = 1.0  # how much less than declared may be there before a file counts as cut off
# ITU-T H.273 code points, as ffmpeg numbers them.
_PQ, _HLG = 16, 18
_BT2020_MATRICES = {9, 10}
_BT709_MATRIX = 1
_UNSPECIFIED = {0, 2, 3}


class VideoFacts(msgspec.Struct, frozen=True):
    index: int
    width: int
    height: int
    sample_aspect: float
    rotation: int  # anticlockwise degrees
    interlaced: bool
    transfer: int
    matrix: int
    first_s: float
    end_s: float
    frames: int
    mean_step_s: float
    median_step_s: float
    steady: bool


class AudioFacts(msgspec.Struct, frozen=True):
    index: int
    end_s: float


class Facts(msgspec.Struct, frozen=True):
    """The JSON of `probe_child`. Either `error` or the rest is there; `video` lacks when its coding is not read."""

    error: RejectionCode | None = None
    detail: str = ""
    start_s: float | None = None
    declared_s: float = 0.0
    video_codec: str = ""
    audio_codec: str | None = None
    video: VideoFacts | None = None
    audio: AudioFacts | None = None


class Source(msgspec.Struct, frozen=True):
    """An accepted source: what viewers are told (`probe`) and what the encoder has to know."""

    probe: Probe
    demuxer: Literal["mov", "avi"]
    video_index: int
    audio_index: int | None
    fps: Fraction  # constant, of every rendition
    frames: int  # of every rendition: picture and sound are both made exactly this long
    interlaced: bool
    matrix: str  # of the picture's colours, as the scale filter calls it
    transfer: Literal["sdr", "smpte2084", "arib-std-b67"]

    @property
    def duration(self) -> Fraction:
        """Seconds of every output."""
        return self.frames / self.fps


def reject(code: RejectionCode) -> MediaRejected:
    return MediaRejected(code, SENTENCES[code])


def container_of(head: bytes) -> Container:
    """The container by the first 16 bytes alone, never by a name. Raises MediaRejected."""
    if not head:
        raise reject("empty")
    kind, brand = head[4:8], head[8:12]
    if head[:4] == b"RIFF" and brand == b"AVI ":
        return "avi"
    if kind == b"ftyp":
        if brand in {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis"}:
            raise reject("unsupported")  # photographs: the same demuxer, no moving picture
        return "mov" if brand == b"qt  " else "mp4"
    if kind in {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}:
        return "mov"  # QuickTime from before there were brands
    raise reject("unsupported")


def accept(container: Container, facts: Facts) -> Source:
    """Raises MediaRejected for whatever is beyond the limits."""
    if facts.error is not None:
        raise reject(facts.error)
    video = facts.video
    if video is None or (facts.audio_codec is not None and facts.audio_codec not in limits.CODECS):
        raise reject("unsupported_codec")
    start_s = video.first_s if facts.start_s is None else facts.start_s
    end_s = max(video.end_s, facts.audio.end_s if facts.audio else 0.0)
    seconds = end_s - start_s
    if seconds * 1000 > limits.MAX_DURATION_MS + limits.DURATION_SLACK_MS:
        raise reject("too_long")
    if video.frames > limits.MAX_FRAMES or (video.frames > 2 and video.mean_step_s * limits.MAX_FPS < 1):
        raise reject("too_many_frames")
    if seconds < 0 or video.end_s - video.first_s < facts.declared_s - max(_CUT_OFF_S, facts.declared_s / 20):
        raise reject("corrupt")
    width, height = _display_size(video)
    fps = _output_rate(video)
    frames = max(round(Fraction(seconds) * fps), round(_MIN_DURATION * fps))
    return Source(
        probe=Probe(
            container=container,
            duration_ms=round(seconds * 1000),
            width=width,
            height=height,
            rotation=-video.rotation % 360,
            fps=round(_mean_rate(video), 3),
            has_audio=facts.audio is not None,
            video_codec=facts.video_codec,
            audio_codec=facts.audio_codec if facts.audio else None,
            hdr=video.transfer in {_PQ, _HLG},
        ),
        demuxer="avi" if container == "avi" else "mov",
        video_index=video.index,
        audio_index=facts.audio.index if facts.audio else None,
        fps=fps,
        frames=frames,
        interlaced=video.interlaced,
        matrix=_matrix(video),
        transfer={_PQ: "smpte2084", _HLG: "arib-std-b67"}.get(video.transfer, "sdr"),  # type: ignore[arg-type]
    )


def _display_size(video: VideoFacts) -> tuple[int, int]:
    if not (0.05 < video.sample_aspect < 20):
        raise reject("too_large")
    width, height = round(video.width * video.sample_aspect), video.height
    if video.rotation % 180 == 90:
        width, height = height, width
    short, long = sorted((width, height))
    if short < limits.MIN_SIDE or long > limits.MAX_SIDE or long > short * limits.MAX_ASPECT:
        raise reject("too_large")
    return width, height


def _mean_rate(video: VideoFacts) -> float:
    return 1 / video.mean_step_s if video.mean_step_s > 0 else 30.0


def _output_rate(video: VideoFacts) -> Fraction:
    """Constant: a steady source keeps its own rate (halved until 60 or less), any other gets the next common one."""
    if not video.steady or video.frames < 3:
        usual = max(_mean_rate(video), 1 / video.median_step_s if video.median_step_s > 0 else 0.0)
        return next((rate for rate in _COMMON_RATES if rate >= max(24, usual * 0.999)), _COMMON_RATES[-1])
    rate = Fraction(_mean_rate(video))
    while rate > _MAX_OUTPUT_FPS * Fraction(1001, 1000):
        rate /= 2
    rate *= max(1, -(-_MIN_OUTPUT_FPS // rate))  # a slide show still needs a key frame every two seconds
    nearest = min(_COMMON_RATES, key=lambda common: abs(common - rate))
    return nearest if abs(nearest - rate) <= rate * _NTSC_TOLERANCE else rate.limit_denominator(1001)


def _matrix(video: VideoFacts) -> str:
    """Untagged pictures are read as players do: high definition as BT.709, the rest as BT.601."""
    if video.matrix in _BT2020_MATRICES:
        return "bt2020"
    if video.matrix == _BT709_MATRIX:
        return "bt709"
    if video.matrix in _UNSPECIFIED:
        return "bt709" if video.width * video.height >= 1280 * 720 else "smpte170m"
    return "smpte170m"
