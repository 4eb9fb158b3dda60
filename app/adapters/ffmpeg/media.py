"""The `Media` port on ffmpeg, PyAV and Pillow: what happens to a source, step by step."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from app.adapters.ffmpeg import folder as files
from app.adapters.ffmpeg import graph, hls, limits, pictures, verify
from app.adapters.ffmpeg.cmaf import Track
from app.adapters.ffmpeg.confined import Tools
from app.adapters.ffmpeg.engine import find_engine
from app.adapters.ffmpeg.ladder import Plan, plan
from app.adapters.ffmpeg.progress import Progress
from app.adapters.ffmpeg.sandbox import ALL_KINDS, detect
from app.adapters.ffmpeg.source import Facts, Source, accept, container_of
from app.ports.media import MediaRejected, MediaSet, Probe, RejectionCode, Rendition, SandboxKind, SandboxReport

_HEAD_BYTES = 16
_AVATAR_EDGE = 256
_MARK_LEAST = 8  # pixels
_MARK_SHARE = 22  # the handle's letters are this part of the short edge
_ENCODED_PERCENT = 92
_PICTURE_SENTENCES: dict[RejectionCode, str] = {
    "unsupported": "This is not a JPEG, PNG or WebP picture. Choose another one.",
    "corrupt": "The picture is damaged. Choose another one.",
    "too_large": "The picture has more than 50 million pixels. Choose a smaller one.",
    "too_complex": "The picture takes more memory to open than we allow. Choose a smaller one.",
}
_WARNINGS: dict[SandboxKind, str | None] = {
    "bubblewrap": None,
    "namespaces": None,
    "limits": "Uploads are decoded without walls around the decoder, only under limits: neither bubblewrap nor user "
    "namespaces work here. Install bubblewrap or allow unprivileged user namespaces.",
}


class Picture(msgspec.Struct, frozen=True):
    """What `picture_child` says it made, or why it could not."""

    width: int = 0
    height: int = 0
    error: RejectionCode | None = None


class Verdicts(msgspec.Struct, frozen=True):
    verdicts: list[verify.Verdict]


class FfmpegMedia:
    """Stateless but for what was found when it was made; calls may run side by side, each within its own limits."""

    def __init__(self, *, ffmpeg: Path | None = None, kinds: Sequence[SandboxKind] = ALL_KINDS) -> None:
        """Finds the strongest sandbox of `kinds` that works, and ffmpeg (`ffmpeg`, else the wheel's). Blocks for up to
        a second; MediaFailed if there is none."""
        sandbox = detect(kinds)
        self._tools = Tools(sandbox=sandbox, engine=find_engine(ffmpeg, sandbox))

    def sandbox(self) -> SandboxReport:
        kind = self._tools.sandbox.kind
        return SandboxReport(kind=kind, ffmpeg_version=self._tools.engine.version, warning=_WARNINGS[kind])

    async def probe(self, source: Path, work_dir: Path) -> Probe:
        with files.disk_trouble_is_ours():
            source, folder = await asyncio.to_thread(_real, source, work_dir)
            return (await self._examine(source, folder)).probe

    async def render(
        self,
        source: Path,
        out_dir: Path,
        *,
        handle: str,
        poster_at_ms: int | None,
        progress: Callable[[int], None],
    ) -> MediaSet:
        with files.disk_trouble_is_ours():
            source, folder = await asyncio.to_thread(_real, source, out_dir)
            made = plan(await self._examine(source, folder), poster_at_ms)
            await asyncio.to_thread(files.prepare, folder, made)
            await self._draw_mark(folder, made, handle)
            await self._encode(source, folder, made, progress)
            shown, sound = await asyncio.to_thread(files.read_back, folder, made)
            verify.tracks(made, shown, sound)
            await asyncio.to_thread(files.write_texts, folder, made, shown, sound)
            await self._play(folder, made)
            progress(_ENCODED_PERCENT + 4)
            thumbnails, poster = await self._finish_stills(folder, made)
            sizes = await asyncio.to_thread(files.tidy, folder)
        progress(100)
        return MediaSet(
            probe=made.source.probe,
            duration_ms=round(made.source.duration * 1000),
            renditions=_renditions(made, shown, sound),
            thumbnails=thumbnails,
            poster=poster,
            sprite=pictures.SPRITE,
            sprite_vtt=pictures.SPRITE_VTT,
            download=graph.DOWNLOAD,
            master=files.MASTER,
            dash=files.MANIFEST,
            files=sizes,
        )

    async def avatar(self, source: Path, out: Path) -> None:
        with files.disk_trouble_is_ours():
            source, home = await asyncio.to_thread(_real, source, out.parent)
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=".avatar-", dir=home))
            try:
                await self._remake(source, folder / "new.jpg")
                await asyncio.to_thread(os.replace, folder / "new.jpg", home / out.name)
            finally:
                await asyncio.to_thread(shutil.rmtree, folder)

    async def _remake(self, source: Path, out: Path) -> None:
        bounds = {"edge": _AVATAR_EDGE, "max_pixels": limits.MAX_PICTURE_PIXELS}
        request = {"do": "avatar", "path": str(source), "out": str(out)} | bounds
        try:
            error = (await self._tools.picture(request, out.parent, Picture, source)).error
        except MediaRejected as met:  # a limit, or a crash
            error = met.code
        if error is not None:
            raise MediaRejected(error, _PICTURE_SENTENCES[error])

    async def _examine(self, source: Path, folder: Path) -> Source:
        container = container_of(await asyncio.to_thread(_head, source))
        request = {
            "path": str(source),
            "demuxer": "avi" if container == "avi" else "mov",
            "decoders": limits.DECODERS,
            "codecs": sorted(limits.CODECS),
            "max_pixels": limits.MAX_PIXELS,
            "max_side": limits.MAX_SIDE,
            "max_streams": limits.MAX_STREAMS,
            "max_packets": limits.MAX_PACKETS,
        }
        return accept(container, await self._tools.probe(request, source, folder, Facts))

    async def _draw_mark(self, folder: Path, made: Plan, handle: str) -> None:
        width, height = made.download.width, made.download.height
        request = {
            "do": "mark",
            "text": f"@{handle}",
            "size": max(_MARK_LEAST, min(width, height) // _MARK_SHARE),
            "max_width": width,
            "out": graph.MARK,
        }
        await self._tools.picture(request, folder, Picture)

    async def _encode(self, source: Path, folder: Path, made: Plan, progress: Callable[[int], None]) -> None:
        top, probe = made.rungs[-1], made.source.probe
        pixels = max(top.width * top.height, probe.width * probe.height)
        await self._tools.ffmpeg(
            graph.command(self._tools.engine, source, made),
            source,
            folder,
            bounds=limits.encode(pixels, float(made.source.fps), float(made.source.duration)),
            on_stdout=Progress(made.source.frames, progress, most=_ENCODED_PERCENT).feed,
        )

    async def _play(self, folder: Path, made: Plan) -> None:
        """Through the same door as a player: the master playlist, and the download."""
        hls_request = {"path": str(folder / files.MASTER), "demuxer": "hls", "formats": "hls,mov"}
        seen = await self._tools.check(hls_request, folder, list[verify.StreamSeen])
        verify.playback(made, seen, videos=len(made.rungs), key_frames=made.segments)
        file_request = {"path": str(folder / graph.DOWNLOAD), "demuxer": "mov", "formats": "mov"}
        seen = await self._tools.check(file_request, folder, list[verify.StreamSeen])
        verify.playback(made, seen, videos=1, key_frames=made.segments)

    async def _finish_stills(self, folder: Path, made: Plan) -> tuple[tuple[str, str, str, str, str], int]:
        candidates, tiles = await asyncio.to_thread(files.stills, folder)
        judged = await self._tools.picture({"do": "judge", "paths": candidates}, folder, Verdicts)
        verify.stills(made, judged.verdicts, len(tiles))
        request = {
            "do": "sprite",
            "paths": tiles,
            "columns": made.sprite_columns,
            "tile": [made.tile_width, made.tile_height],
            "out": pictures.SPRITE,
        }
        sheet = await self._tools.picture(request, folder, Picture)
        verify.sprite(made, sheet.width, sheet.height)
        chosen, poster = pictures.choose(made, judged.verdicts)
        names = await asyncio.to_thread(files.keep_thumbnails, folder, [candidates[index] for index in chosen])
        return (names[0], names[1], names[2], names[3], names[4]), poster


def _renditions(made: Plan, shown: Sequence[Track], sound: Track | None) -> tuple[Rendition, ...]:
    renditions = []
    for rung, track in zip(made.rungs, shown, strict=True):
        peak, average = hls.bandwidth(track, sound)
        renditions.append(
            Rendition(
                name=rung.name,
                width=rung.width,
                height=rung.height,
                peak_bandwidth_bps=peak,
                average_bandwidth_bps=average,
                codecs=hls.codecs(track, sound),
                playlist=f"{rung.name}/{hls.VARIANT}",
            )
        )
    return tuple(renditions)


def _real(source: Path, folder: Path) -> tuple[Path, Path]:
    """Absolute and free of links: behind the wall only the real files are mounted."""
    return source.resolve(strict=True), folder.resolve(strict=True)


def _head(source: Path) -> bytes:
    with source.open("rb") as file:
        return file.read(_HEAD_BYTES)
