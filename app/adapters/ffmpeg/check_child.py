"""Runs confined, as a script: `check_child.py SITE REQUEST` plays what we made and prints what it saw as JSON.

REQUEST: `{path, demuxer, formats}`. All packets are read, all sound and every key frame decoded: each segment opens
with one, so that each is known to play from its start. Any error ends it with a traceback and status 1.
"""

import json
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])

import av


def check(request: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry a stream: type, start and end in seconds, packets, decoded frames (of pictures: key frames)."""
    options = {"protocol_whitelist": "file", "format_whitelist": request["formats"]}
    with av.open("file:" + request["path"], format=request["demuxer"], options=options) as container:
        seen: dict[int, dict[str, Any]] = {}
        for stream in container.streams:
            stream.codec_context.thread_count = 1  # each thread would hold frames of its own
            if stream.type == "video":
                stream.codec_context.skip_frame = "NONKEY"
            seen[stream.index] = {"type": stream.type, "packets": 0, "decoded": 0, "start_s": 1e9, "end_s": 0.0}
        for packet in container.demux():
            if not packet.size:
                continue  # the flush marks at the end: over HLS all of them claim to be of the first stream
            entry = seen[packet.stream_index]
            entry["packets"] += 1
            entry["decoded"] += len(packet.decode())
            entry["start_s"] = min(entry["start_s"], float(packet.pts * packet.time_base))
            entry["end_s"] = max(entry["end_s"], float((packet.pts + packet.duration) * packet.time_base))
        for stream in container.streams:
            seen[stream.index]["decoded"] += len(stream.codec_context.decode(None))
    return list(seen.values())


if __name__ == "__main__":
    print(json.dumps(check(json.loads(sys.argv[2]))))
