"""The output folder on disk, before and after the encoder. Everything here blocks."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.adapters.ffmpeg import dash, hls, pictures
from app.adapters.ffmpeg.cmaf import Track, read_track
from app.adapters.ffmpeg.graph import INIT, WORK
from app.adapters.ffmpeg.ladder import Plan
from app.ports.media import MediaFailed

MASTER, MANIFEST = "master.m3u8", "manifest.mpd"
_FILES_LIMIT = 10_000


@contextmanager
def disk_trouble_is_ours() -> Iterator[None]:
    """A full disk, or a file taken away while we work: MediaFailed, as the author can do nothing about it."""
    try:
        yield
    except OSError as error:
        raise MediaFailed(f"disk: {error}") from error


def prepare(folder: Path, plan: Plan) -> None:
    """The encoder does not make folders."""
    (folder / WORK).mkdir()
    for stream in range(_streams(plan)):
        (folder / WORK / str(stream)).mkdir()


def read_back(folder: Path, plan: Plan) -> tuple[list[Track], Track | None]:
    """Gives the encoder's numbered folders their names. -> (pictures, as the plan's rungs; sound)."""
    names = [rung.name for rung in plan.rungs] + [hls.AUDIO_FOLDER]
    tracks = []
    for stream, name in zip(range(_streams(plan)), names, strict=False):
        home = (folder / WORK / str(stream)).rename(folder / name)
        segments = sorted(home.glob("seg_*.m4s"))
        if not segments or not (home / INIT).exists():
            raise MediaFailed(f"the encoder left no segments of {name}")
        tracks.append(read_track(home / INIT, segments))
    return tracks[: len(plan.rungs)], tracks[len(plan.rungs)] if len(tracks) > len(plan.rungs) else None


def write_texts(folder: Path, plan: Plan, shown: Sequence[Track], sound: Track | None) -> None:
    """Playlists, manifest and the sprite's cues. Each `{rendition}/playlist.m3u8` plays alone, with sound."""
    fps = plan.source.fps
    variants = [(rung.name, track) for rung, track in zip(plan.rungs, shown, strict=True)]
    for name, track in variants:
        (folder / name / hls.PICTURE).write_text(hls.media_playlist(track))
        alone = hls.multivariant([(hls.PICTURE, track)], sound, fps, up="../")
        (folder / name / hls.VARIANT).write_text(alone)
    if sound is not None:
        (folder / hls.AUDIO_FOLDER / hls.SOUND).write_text(hls.media_playlist(sound))
    paths = [(f"{name}/{hls.PICTURE}", track) for name, track in variants]
    (folder / MASTER).write_text(hls.multivariant(paths, sound, fps))
    (folder / MANIFEST).write_text(dash.manifest(variants, sound, fps))
    (folder / pictures.SPRITE_VTT).write_text(pictures.sprite_vtt(plan))


def stills(folder: Path) -> tuple[list[str], list[str]]:
    """-> (thumbnail candidates, sprite tiles), relative, in the order of time."""
    work = folder / WORK
    candidates, tiles = sorted(work.glob("candidate_*.jpg")), sorted(work.glob("tile_*.jpg"))
    return [f"{WORK}/{path.name}" for path in candidates], [f"{WORK}/{path.name}" for path in tiles]


def keep_thumbnails(folder: Path, chosen: Sequence[str]) -> tuple[str, ...]:
    """Copies, because a very short video shows one still several times. -> their names."""
    names = tuple(f"thumb_{number}.jpg" for number in range(1, len(chosen) + 1))
    for still, name in zip(chosen, names, strict=True):
        shutil.copyfile(folder / still, folder / name)
    return names


def tidy(folder: Path) -> dict[str, int]:
    """Drops the work folder. -> every file left, by its relative path, with its size in bytes."""
    shutil.rmtree(folder / WORK)
    files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    if len(files) > _FILES_LIMIT or not all(files.values()):
        raise MediaFailed("output not verified: too many files, or an empty one")
    return dict(sorted(files.items()))


def _streams(plan: Plan) -> int:
    return len(plan.rungs) + (plan.source.audio_index is not None)
