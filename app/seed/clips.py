"""Demo creators with pictures, clips that go through the real upload and processing, follows and likes.

Repeating it adds nothing that is there already: people and clips are found again by name.
"""

import asyncio
import contextlib
import itertools
import random
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from app import features
from app.adapters.ffmpeg import demo
from app.core import names
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.errors import NotFound
from app.http.viewer import Viewer
from app.ports.music import Music
from app.seed import bar
from app.services.auth.actions import Device
from app.services.auth.schemas import Register
from app.services.users.schemas import ProfileChange
from app.services.video.schemas import UploadRequest
from app.services.video.uploads import master_key
from app.stores import Stores, open_stores

PASSWORD: Final = "kinora-demo"  # noqa: S105 - of demo people only, and told to whoever runs this
WAIT_S: Final = 1800
CATEGORIES: Final = ("art", "dance", "music", "nature", "science", "comedy")
MUSIC: Final = Music("mus_00000000000000000000000001", "Slow Arpeggio", "The Oscillators", 7)

_PEOPLE: Final = (
    ("nova.light", "Nova Light", "Colours that move, mostly at night."),
    ("mira_waves", "Mira Waves", "Sea, wind, and slow gradients."),
    ("otto.loops", "Otto Loops", "Everything repeats. That is the point."),
    ("juno_pixel", "Juno Pixel", "Small squares, big feelings."),
    ("ravi.fractal", "Ravi Fractal", "Zooming in since forever."),
    ("lena_tone", "Lena Tone", "Four notes are enough."),
    ("theo.cells", "Théo Cells", "Rule 110 enthusiast."),
    ("sana_glow", "Sana Glow", "Soft light, soft sounds."),
    ("kit.orbit", "Kit Orbit", "Round and round."),
    ("yuki_field", "Yuki Field", "風景 and noise fields."),
    ("bo.static", "Bo Static", "Television snow, but nice."),
    ("ines_prism", "Inês Prism", "Light, taken apart."),
)
_TITLES: Final = (
    *("Morning light", "Deeper still", "Weather inside", "Little lives", "The long spiral", "Machine garden"),
    *("Slow rings", "Afterglow", "Coastline", "Tide tables", "Colony", "Unwinding", "Night shift", "Ripples"),
)


async def seed(settings: Settings, users: int, videos: int) -> int:
    """Makes the demo; 1 if some clip did not get through."""
    async with open_stores(settings) as stores:
        built = features.build(settings, stores, system_ms)
        await stores.musics.put(MUSIC)
        people = [await _person(built, stores, number) for number in range(users)]
        video_ids = await _clips(built, stores, people, videos)
        await _befriend(built, people)
        failed = await _processed(stores, video_ids)
        await _like(built, people, video_ids)
    print(f"Done. Sign in as {_name(0)[0]} with the password {PASSWORD}.", file=sys.stderr)
    return 1 if failed else 0


async def _person(built: features.Features, stores: Stores, number: int) -> Viewer:
    name, shown, bio = _name(number)
    try:
        user = await built.people.find("@" + name)
    except NotFound:
        wish = Register(name, f"{name}@demo.invalid", PASSWORD, shown)
        made = await built.auth.register(wish, Device("127.0.0.1", "kinora seed"), lambda _answer: None)
        viewer = Viewer(made.user.user_id, "")
        await built.users.patch(
            viewer, ProfileChange(bio=bio, country=("US", "GB", "DE", "FR", "BR", "JP")[number % 6])
        )
        await built.users.set_picture(viewer, _once(demo.make_picture(number)))
        return viewer
    return Viewer(user.user_id, "")


async def _clips(built: features.Features, stores: Stores, people: list[Viewer], wanted: int) -> list[str]:
    there = [row.video_id for viewer in people for row in await stores.videos.by_author(viewer.user_id, None, 200)]
    with tempfile.TemporaryDirectory(prefix="seed-", dir=stores.work_root) as folder:
        for number in range(len(there), wanted):
            bar.show("Clips made", number, wanted)
            path = Path(folder) / f"{number}.mp4"
            title = _TITLES[number % len(_TITLES)]
            await demo.make_clip(path, number, title, _name(number % len(people))[0])
            there.append(await _upload(built, stores, people[number % len(people)], number, title, path))
            path.unlink()
    bar.show("Clips made", wanted, wanted)
    return there


async def _upload(built: features.Features, stores: Stores, viewer: Viewer, number: int, title: str, path: Path) -> str:
    data = await asyncio.to_thread(path.read_bytes)
    category = CATEGORIES[number % len(CATEGORIES)]
    wish = UploadRequest(
        title=title,
        description=f"A clip made by Kinora itself. #{category} #demo",
        category=category,
        hashtags=[category, "demo"],
        duration_sec=demo.SECONDS,
        file_size_bytes=len(data),
        width=demo.SIZE[0],
        height=demo.SIZE[1],
        music_id=MUSIC.music_id if number % 3 == 0 else None,
    )
    started = await built.uploads.start(viewer, wish, lambda _answer: None)
    key = master_key(started.video_id)
    await stores.blobs.store(key, _once(data), len(data))
    await built.uploads.arrived(key)
    return started.video_id


async def _befriend(built: features.Features, people: list[Viewer]) -> None:
    """Everybody follows about half of the others; the same pairs at every run."""
    dice = random.Random(7)  # noqa: S311 - a demo, not a secret
    for one, other in itertools.permutations(people, 2):
        if dice.random() < 0.5:
            await built.edges.toggle("follow", one, other.user_id, True, None)


async def _like(built: features.Features, people: list[Viewer], video_ids: list[str]) -> None:
    """Everybody likes some clips, a few of them many; the same ones at every run."""
    dice = random.Random(11)  # noqa: S311 - a demo, not a secret
    for place, video_id in enumerate(video_ids):
        for viewer in people:
            if dice.random() < 0.9 / (1 + place % 5):
                with contextlib.suppress(NotFound):  # a clip that did not get through
                    await built.reactions.toggle("like", viewer, video_id, True, None)


async def _processed(stores: Stores, video_ids: list[str]) -> int:
    """Waits until every clip is active or failed; how many failed."""
    deadline_ms = system_ms() + WAIT_S * 1000
    while True:
        records = [await stores.videos.get(video_id) for video_id in video_ids]
        states = [record.video.status for record in records if record]
        done = sum(state != "processing" for state in states)
        bar.show("Clips processed", done, len(video_ids))
        if done == len(states) or system_ms() > deadline_ms:
            return len(video_ids) - states.count("active")
        await asyncio.sleep(0.5)


def _name(number: int) -> tuple[str, str, str]:
    name, shown, bio = _PEOPLE[number % len(_PEOPLE)]
    turn = number // len(_PEOPLE)
    return (names.username(f"{name}{turn + 1}"), f"{shown} {turn + 1}", bio) if turn else (name, shown, bio)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
