"""Runs confined, as a script: `probe_child.py SITE REQUEST` measures one file and prints its facts as JSON.

REQUEST: `{path, demuxer, decoders, max_pixels, max_side, max_streams, max_packets}`. Every packet is read (headers
lie about time) and the first picture decoded (headers lie about size). Facts: see `source.Facts`. A file that can't
be read prints `{"error": code}`, the codes being those of `MediaRejected`.
"""

import itertools
import json
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

import av
from av.stream import Disposition

_PACKETS_TO_FIRST_PICTURE = 300
_STEADY_S = 0.002  # containers round times: 29.97 a second in ticks of 1/600 is off by 0.03 ms, in 1/1000 by 1 ms


class Unusable(Exception):
    """The file can't become a video; the argument is the code to report."""


def facts(request: dict[str, Any]) -> dict[str, Any]:
    """The whole measurement. Raises Unusable, av.FFmpegError, MemoryError."""
    # Only a forced demuxer, a white list of decoders and the file protocol keep a playlist in disguise from
    # naming other files.
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": request["demuxer"],
        "codec_whitelist": request["decoders"],
    }
    path = "file:" + request["path"]
    with av.open(path, format=request["demuxer"], options=options, metadata_errors="replace") as container:
        if not container.streams:
            raise Unusable("corrupt")
        if len(container.streams) > request["max_streams"]:
            raise Unusable("too_many_streams")
        video = next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)
        if video is None:
            raise Unusable("no_video")
        audio = next((s for s in container.streams.audio if _name(s) in request["codecs"]), None)
        started = container.start_time
        answer: dict[str, Any] = {
            "start_s": None if started is None else started / av.time_base,
            "declared_s": 0.0 if video.duration is None else float(video.duration * video.time_base),
            "video_codec": _name(video),
            "audio_codec": _name(audio) if audio else next((_name(s) for s in container.streams.audio), None),
        }
        if _name(video) not in request["codecs"]:
            return answer
        _check_size(video.width, video.height, request)
        chosen = [video] if audio is None else [video, audio]
        spans = _Spans(container, chosen, request)
        answer["video"] = {"index": video.index} | spans.video() | _picture(spans.first_picture, video, request)
        if audio is not None and spans.sound:
            answer["audio"] = {"index": audio.index, "end_s": spans.sound_end_s}
        return answer


class _Spans:
    """Times of the chosen streams, from one pass over the packets."""

    def __init__(self, container: Any, streams: list[Any], request: dict[str, Any]) -> None:
        self.first_picture: Any = None
        self.sound = 0
        self._tried = 0
        self.sound_end_s = 0.0
        self._times: list[float] = []
        self._last_length_s = 0.0
        video = streams[0]
        video.codec_context.options = {"max_pixels": str(request["max_pixels"])}
        video.codec_context.thread_count = 1
        packets = (packet for packet in container.demux(streams) if packet.size)
        for packet in itertools.islice(packets, request["max_packets"]):
            time = packet.dts if packet.pts is None else packet.pts
            if packet.stream_index == video.index and self.first_picture is None:
                self._decode(packet)
            if time is None or packet.is_discard:
                continue  # kept only to decode others from: an edit list hides it
            length_s = float((packet.duration or 0) * packet.time_base)
            if packet.stream_index == video.index:
                self._times.append(float(time * packet.time_base))
                self._last_length_s = length_s
            else:
                self.sound += 1
                self.sound_end_s = max(self.sound_end_s, float(time * packet.time_base) + length_s)
        if next(packets, None) is not None:
            raise Unusable("too_many_frames")
        if self.first_picture is None:
            self.first_picture = next(iter(video.codec_context.decode(None)), None)

    def _decode(self, packet: Any) -> None:
        self._tried += 1
        if self._tried > _PACKETS_TO_FIRST_PICTURE:
            raise Unusable("corrupt")
        try:
            self.first_picture = next(iter(packet.decode()), None)
        except av.error.InvalidDataError:
            self.first_picture = None  # cut streams may open with a broken picture: the next ones may be whole

    def video(self) -> dict[str, Any]:
        times = sorted(self._times)  # packets come in decoding order
        if not times:
            raise Unusable("corrupt")
        steps = sorted(after - before for before, after in itertools.pairwise(times))
        median_s = steps[len(steps) // 2] if steps else self._last_length_s
        mean_s = sum(steps) / len(steps) if steps else self._last_length_s
        return {
            "first_s": times[0],
            "end_s": times[-1] + (max(self._last_length_s, mean_s) if steps else self._last_length_s),
            "frames": len(times),
            "mean_step_s": mean_s,
            "median_step_s": median_s,
            "steady": all(abs(step - mean_s) <= _STEADY_S for step in (steps[:1] + steps[-1:])),
        }


def _picture(frame: Any, video: Any, request: dict[str, Any]) -> dict[str, Any]:
    """What one decoded picture says of itself; the stream fills in where it is silent."""
    if frame is None:
        raise Unusable("corrupt")
    _check_size(frame.width, frame.height, request)
    context = video.codec_context
    aspect = video.sample_aspect_ratio or context.sample_aspect_ratio or 1
    return {
        "width": frame.width,
        "height": frame.height,
        "sample_aspect": float(aspect) or 1.0,
        "rotation": int(frame.rotation),
        "interlaced": bool(frame.interlaced_frame),
        "transfer": int(frame.color_trc or context.color_trc or 2),
        "matrix": int(frame.colorspace or context.colorspace or 2),
    }


def _check_size(width: int, height: int, request: dict[str, Any]) -> None:
    if width * height > request["max_pixels"] or max(width, height) > request["max_side"]:
        raise Unusable("too_large")


def _name(stream: Any) -> str:
    context = stream.codec_context
    return "unknown" if context is None else str(context.codec.canonical_name)


def main() -> None:
    """Prints one line of JSON; a traceback and status 1 mean that this program, not the file, is wrong."""
    try:
        answer = facts(json.loads(sys.argv[2]))
    except Unusable as reason:
        answer = {"error": str(reason)}
    except (MemoryError, av.error.MemoryError):
        answer = {"error": "too_complex"}
    except av.FFmpegError as error:
        answer = {"error": "corrupt", "detail": str(error)[:200]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
