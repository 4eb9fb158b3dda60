"""Plan -> one ffmpeg command: one decode, every rendition, the download and the raw stills. Pure.

The command runs in the output folder. It leaves `download.mp4`, and in `.work/` the segments (`0/ 1/ …`, a folder a
stream, the sound last: `init.mp4`, `seg_00001.m4s` …) and the stills `candidate_*.jpg` and `tile_*.jpg`.
"""

from pathlib import Path

from app.adapters.ffmpeg import limits
from app.adapters.ffmpeg.engine import Engine
from app.adapters.ffmpeg.ladder import AUDIO_BPS, AUDIO_RATE_HZ, Plan, Rung
from app.adapters.ffmpeg.source import Source

WORK = ".work"
MARK = f"{WORK}/mark.png"
INIT, SEGMENT = "init.mp4", "seg_{number:05d}.m4s"
DOWNLOAD = "download.mp4"
_QUALITY = ("-c:v", "libx264", "-crf", "23", "-profile:v", "high", "-pix_fmt", "yuv420p")
_THREADS = "2"
# Where bits are scarce the better preset; where they are plenty the one at a third of its time and half of its memory.
# Together they hold ten seconds of 1080x1920 to half of the thirty we promise on two cores.
_SCARCE, _PLENTY = "veryfast", "superfast"
_PLENTY_EDGE = 900
# Encoders sign their work: in SEI messages (NAL type 6), in MP4 tags, in AAC fill elements.
_ANONYMOUS = (
    *("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"),
    *("-metadata:s:v", "encoder= "),  # an empty one would be replaced by the encoder's name
)
_NO_SEI = ("-a53cc", "0", "-bsf:v", "filter_units=remove_types=6")
_SOUND = ("-c:a", "aac", "-b:a", str(AUDIO_BPS), "-ar", str(AUDIO_RATE_HZ), "-ac", "2", "-flags:a", "+bitexact")


def command(engine: Engine, source: Path, plan: Plan) -> tuple[str, ...]:
    """argv; `source` is absolute."""
    maps = [part for index in range(len(plan.rungs)) for part in ("-map", f"[v{index}]")]
    dash = [*maps, *(("-map", "[sound]") if plan.source.audio_index is not None else ())]
    download = ["-map", "[download]", *(("-map", "[download_sound]") if plan.source.audio_index is not None else ())]
    gop = str(plan.segment_frames)
    aligned = ("-g", gop, "-keyint_min", gop, "-sc_threshold", "0")
    encode = (*_QUALITY, "-threads:v", _THREADS, *aligned, *_SOUND, *_ANONYMOUS, *_NO_SEI)
    peak = str(plan.download.peak_bps)
    return (
        *(str(engine.path), "-nostdin", "-hide_banner", "-v", "error", "-nostats", "-y"),
        *("-progress", "pipe:1", "-stats_period", "0.5", "-filter_complex_threads", _THREADS),
        *_hostile_input(source, plan.source.demuxer),
        *("-protocol_whitelist", "file", "-format_whitelist", "png_pipe", "-codec_whitelist", "png"),
        *("-f", "png_pipe", "-i", f"file:{MARK}"),
        *("-filter_complex", filters(plan, tone_maps=engine.tone_maps)),
        *(*dash, *encode, *_rate(plan.rungs), *_segments(plan)),
        *(*download, *encode, "-preset", _PLENTY, "-maxrate", peak, "-bufsize", peak),
        *("-movflags", "+faststart", "-f", "mp4", DOWNLOAD),
        *_stills("candidates", "candidate", "3"),
        *_stills("tiles", "tile", "4"),
    )


def _hostile_input(source: Path, demuxer: str) -> tuple[str, ...]:
    """Without these three lists a playlist named .mp4 reads other local files and makes requests."""
    return (
        *("-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", limits.DECODERS),
        *("-max_pixels", str(limits.MAX_PIXELS), "-threads", _THREADS, "-f", demuxer, "-i", f"file:{source}"),
    )


def _rate(rungs: tuple[Rung, ...]) -> list[str]:
    """Constant quality under a cap: easy pictures take less than their rung allows, none takes more."""
    options = []
    for index, rung in enumerate(rungs):
        preset = _PLENTY if min(rung.width, rung.height) >= _PLENTY_EDGE else _SCARCE
        options += [f"-preset:v:{index}", preset]
        options += [f"-maxrate:v:{index}", str(rung.peak_bps), f"-bufsize:v:{index}", str(rung.peak_bps)]
    return options


def _segments(plan: Plan) -> tuple[str, ...]:
    """The muxer cuts at the first key frame after `seg_duration`, so that is set half a frame short of one GOP."""
    seconds = float((plan.segment_frames - 0.5) / plan.source.fps)
    return (
        *("-f", "dash", "-seg_duration", f"{seconds:.6f}"),
        *("-init_seg_name", f"$RepresentationID$/{INIT}", "-media_seg_name", "$RepresentationID$/seg_$Number%05d$.m4s"),
        *("-format_options", "movflags=+cmaf:fflags=+bitexact", f"{WORK}/ffmpeg.mpd"),
    )


def _stills(label: str, name: str, quality: str) -> tuple[str, ...]:
    return (
        *(
            "-map",
            f"[{label}]",
            "-fps_mode",
            "passthrough",
            "-c:v",
            "mjpeg",
            "-threads",
            "1",
            "-q:v",
            quality,
            *_ANONYMOUS,
        ),
        *("-f", "image2", f"{WORK}/{name}_%03d.jpg"),
    )


def filters(plan: Plan, *, tone_maps: bool) -> str:
    """The graph. Its trunk makes every frame of the largest rung once; each smaller one is scaled from the next."""
    chains = [f"[0:{plan.source.video_index}]{_trunk(plan, tone_maps=tone_maps)}[trunk]"]
    feed = "trunk"
    for index in range(len(plan.rungs) - 1, -1, -1):
        rung = plan.rungs[index]
        outputs = [f"v{index}"]
        if rung is plan.download:
            outputs += ["unmarked", "still", "tile"]
        if index > 0:
            outputs.append(f"feed{index}")
        size = "" if index == len(plan.rungs) - 1 else f"scale={rung.width}:{rung.height}:flags=bicubic,"
        chains.append(f"[{feed}]{size}split={len(outputs)}" + "".join(f"[{name}]" for name in outputs))
        feed = f"feed{index}"
    chains.append("[unmarked][1:v]overlay=x=main_w-overlay_w:y=main_h-overlay_h:format=yuv420[download]")
    chosen = "+".join(f"eq(n\\,{frame})" for frame in plan.candidates)
    # JPEG files are full-range BT.601 whatever their video was.
    jpeg = "in_color_matrix=bt709:out_color_matrix=smpte170m:out_range=pc,format=yuvj420p"
    chains.append(f"[still]select='{chosen}',scale={jpeg}[candidates]")
    tile = f"select='not(mod(n\\,{plan.tile_every}))',scale={plan.tile_width}:{plan.tile_height}"
    chains.append(f"[tile]{tile}:{jpeg}[tiles]")
    if plan.source.audio_index is not None:
        chains.append(f"[0:{plan.source.audio_index}]{_sound(plan.source)},asplit=2[sound][download_sound]")
    return ";".join(chains)


def _trunk(plan: Plan, *, tone_maps: bool) -> str:
    """Any source -> constant rate, exact length, upright, square pixels, BT.709 SDR, the size of the largest rung."""
    source, top = plan.source, plan.rungs[-1]
    steps = ["bwdif=deint=interlaced"] if source.interlaced else []
    steps += [
        f"fps={source.fps}:start_time=0",  # a late start is held back to its first frame, gaps are filled
        "tpad=stop=-1:stop_mode=clone",  # where the sound is longer, the last frame stays
        f"trim=end_frame={source.frames}",
    ]
    if source.transfer != "sdr" and tone_maps:
        steps += [
            f"zscale=w={top.width}:h={top.height}:tin={source.transfer}:min=2020_ncl:pin=2020:t=linear:npl=203",
            "format=gbrpf32le",
            "zscale=p=709",
            "tonemap=tonemap=hable:desat=0",
            "zscale=t=709:m=709:r=limited",
        ]
    else:
        colours = f"in_color_matrix={source.matrix}:out_color_matrix=bt709:out_range=tv"
        steps.append(f"scale={top.width}:{top.height}:flags=bicubic:{colours}")
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    return ",".join([*steps, "format=yuv420p", "setsar=1", "sidedata=mode=delete", tags])


def _sound(source: Source) -> str:
    """Stereo from 0 to exactly the end of the picture: gaps become silence, as does what lacks at either end."""
    samples = round(source.duration * AUDIO_RATE_HZ)
    return (
        f"aresample={AUDIO_RATE_HZ}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo,"
        f"apad=whole_len={samples},atrim=end_sample={samples}"
    )
