"""What a source may be, and what decoding it may cost."""

import os

import msgspec

MAX_DURATION_MS = 600_000
DURATION_SLACK_MS = 1_000  # cameras stop late and sound runs over
MAX_PIXELS = 33_177_600  # 7680x4320
MAX_SIDE = 8_192
MIN_SIDE = 16
MAX_ASPECT = 12  # longer side : shorter side
MAX_FPS = 250  # phones film slow motion at 240
MAX_FRAMES = 72_000  # ten minutes at 120 a second
MAX_STREAMS = 16
MAX_PACKETS = 400_000  # read while probing: the frames, and sound in packets of 20 ms or more
MAX_PICTURE_PIXELS = 50_000_000

# Decoders by the names ffmpeg gives them: MP3 is `mp3float`, AV1 usually `libdav1d`.
DECODERS = (
    "h264,hevc,libdav1d,av1,vp9,mpeg4,msmpeg4,msmpeg4v2,h263,mjpeg,prores,dvvideo,mpeg1video,mpeg2video,"
    "aac,mp3float,mp3,mp2float,ac3,eac3,alac,opus,libopus,flac,vorbis,amrnb,amrwb,"
    "pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,"
    "pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav"
)
# The same as codecs, by the names a probe reports.
CODECS = frozenset(
    [
        "h264",
        "hevc",
        "av1",
        "vp9",
        "mpeg4",
        "msmpeg4v3",
        "msmpeg4v2",
        "h263",
        "mjpeg",
        "prores",
        "dvvideo",
        "mpeg1video",
        "mpeg2video",
        "aac",
        "mp3",
        "mp2",
        "ac3",
        "eac3",
        "alac",
        "opus",
        "flac",
        "vorbis",
        "amr_nb",
        "amr_wb",
        "pcm_u8",
        "pcm_s8",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be",
        "pcm_f32le",
        "pcm_f32be",
        "pcm_alaw",
        "pcm_mulaw",
        "adpcm_ms",
        "adpcm_ima_wav",
    ]
)

_MIB = 1 << 20
_GIB = 1 << 30
_TEXT_BYTES = 384 * _MIB  # a static ffmpeg maps 170 MiB of itself, and there are the libraries


class Limits(msgspec.Struct, frozen=True):
    """Kernel limits of one process, and the wall clock's."""

    memory_bytes: int  # private: heap, stacks, anonymous maps; resident memory is below this and the program's text
    cpu_s: int
    file_bytes: int
    timeout_s: float

    def as_rlimits(self) -> dict[str, int]:
        return {
            "DATA": self.memory_bytes,
            "AS": self.memory_bytes + _TEXT_BYTES,  # shared maps count here alone
            "CPU": self.cpu_s,
            "FSIZE": self.file_bytes,
            "NOFILE": 256,
            "CORE": 0,
            # Threads reserve their whole stack: ffmpeg starts about forty, and needs little of each.
            "STACK": _MIB,
        }


START = Limits(memory_bytes=256 * _MIB, cpu_s=10, file_bytes=_MIB, timeout_s=20)
PROBE = Limits(memory_bytes=512 * _MIB, cpu_s=30, file_bytes=_MIB, timeout_s=60)
PICTURE = Limits(memory_bytes=640 * _MIB, cpu_s=30, file_bytes=64 * _MIB, timeout_s=60)
CHECK = Limits(memory_bytes=768 * _MIB, cpu_s=240, file_bytes=_MIB, timeout_s=300)

# Full HD takes 740 MiB of these at most (10-bit HDR, 60 frames a second), of which 570 are ever resident.
_ENCODE_BYTES, _LARGE_ENCODE_BYTES = 1000 * _MIB, 3 * _GIB
_FULL_HD_PIXELS = 1920 * 1088
_REFERENCE_RATE = _FULL_HD_PIXELS * 30  # pixels a second of the clip the time allowance is scaled by
_ALLOWANCE_S, _SLOWEST = 120, 30  # fixed, and per second of reference clip: twenty times what two idle cores take


def encode(pixels: int, fps: float, seconds: float) -> Limits:
    """Of one transcode; `pixels` is the larger of source and largest rendition."""
    work = seconds * max(1.0, pixels * fps / _REFERENCE_RATE)
    timeout_s = _ALLOWANCE_S + _SLOWEST * work
    return Limits(
        memory_bytes=_ENCODE_BYTES if pixels <= _FULL_HD_PIXELS else _LARGE_ENCODE_BYTES,
        cpu_s=int(timeout_s) * (os.cpu_count() or 1),
        file_bytes=4 * _GIB,
        timeout_s=timeout_s,
    )
