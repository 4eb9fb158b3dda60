"""kill -9 in the middle of whatever the object store does: what can be seen is whole, what is left over is swept."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.adapters.files.blobs import FileBlobs
from app.core.clock import HOUR_MS, system_ms
from tests.faults.blob_kills_scenario import FILES, SIZE

SCENARIO = Path(__file__).with_name("blob_kills_scenario.py")


def killed_after(delay_s: float, folder: Path, job: Path) -> int:
    """Runs the scenario, kills it that long after its first round, and returns how many rounds it made."""
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, str(SCENARIO), str(folder), str(job)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        time.sleep(delay_s)  # the moment of the blow
        process.kill()
        return len(first + process.stdout.read())


def check_objects(folder: Path) -> int:
    """Every object that can be seen is whole; how many there are."""
    seen = 0
    for path in (folder / "uploads").iterdir():
        content = path.read_bytes()
        assert len(content) == SIZE
        assert content == bytes([int(path.name[4:]) % 251]) * SIZE
        seen += 1
    return seen


def check_trees(folder: Path) -> int:
    """Every tree that can be seen has all its files, each whole; how many there are."""
    seen = 0
    for tree in (folder / "media").glob("*/a1"):
        files = [path for path in tree.rglob("*") if path.is_file()]
        assert len(files) == FILES
        for path in files:
            assert path.stat().st_size == 1000 + int(path.stem)
            assert set(path.read_bytes()) == {int(tree.parent.name[4:]) % 251}
        seen += 1
    return seen


@pytest.mark.parametrize("seed", range(10))
async def test_after_a_kill_all_that_is_seen_is_whole(tmp_path: Path, seed: int) -> None:
    folder, job = tmp_path / "blobs", tmp_path / "job"
    delay_s = random.Random(seed).uniform(0.0, 0.1)

    rounds = killed_after(delay_s, folder, job)

    # What was done before the blow is there (acknowledged is never lost), and no more than a round beyond it.
    assert 2 * rounds <= check_objects(folder) <= 2 * rounds + 2
    assert 1 <= check_trees(folder) <= 2

    blobs = FileBlobs(folder, b"s" * 32, clock=lambda: system_ms() + 2 * HOUR_MS)
    await blobs.sweep(HOUR_MS)
    blobs.close()
    assert list((folder / ".tmp").iterdir()) == []
    assert 2 * rounds <= check_objects(folder)


async def test_a_sweep_spares_what_is_young(tmp_path: Path) -> None:
    folder, now_ms = tmp_path / "blobs", system_ms()
    blobs = FileBlobs(folder, b"s" * 32, clock=lambda: now_ms)
    (folder / ".tmp" / "put-1").write_bytes(b"being written")
    (folder / ".tmp" / "tree-1").mkdir()
    (folder / ".tmp" / "trash-1").mkdir()
    (folder / ".tmp" / "trash-1" / "left").write_bytes(b"nobody wants it")

    assert await blobs.sweep(HOUR_MS) == 1  # what was thrown away needs no age
    assert sorted(path.name for path in (folder / ".tmp").iterdir()) == ["put-1", "tree-1"]
    now_ms += 2 * HOUR_MS
    assert await blobs.sweep(HOUR_MS) == 2
    assert list((folder / ".tmp").iterdir()) == []
    blobs.close()


async def test_a_seal_is_swept_two_days_after_its_object_has_gone(tmp_path: Path) -> None:
    folder, now_ms = tmp_path / "blobs", system_ms()
    blobs = FileBlobs(folder, b"s" * 32, clock=lambda: now_ms)
    gone, there = "uploads/vid_" + "0" * 26, "uploads/vid_" + "1" * 26
    (folder / "uploads").mkdir()
    (folder / there).write_bytes(b"object")
    await blobs.seal(gone)
    await blobs.seal(there)

    now_ms += 47 * HOUR_MS
    assert await blobs.sweep(HOUR_MS) == 0
    now_ms += 2 * HOUR_MS
    assert await blobs.sweep(HOUR_MS) == 1
    assert sorted(path.name for path in (folder / ".seals" / "uploads").iterdir()) == [there.removeprefix("uploads/")]
    blobs.close()
