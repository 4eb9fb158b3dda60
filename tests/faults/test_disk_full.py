"""A full disk: every write fails clean, reads go on, and once there is room all goes on without help."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MIB = 2**20
SCENARIO = Path(__file__).with_name("disk_full_scenario.py")
UNSHARE = ["unshare", "--mount", "--map-root-user"]


def limits() -> list[str]:
    """A filesystem of our own where the kernel lets us mount one; the limit every user can set in any case."""
    mounts = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    return ["tmpfs", "file-size"] if mounts else ["file-size"]


@pytest.mark.parametrize("limit", limits())
def test_a_full_disk_refuses_clean_and_recovers_unaided(tmp_path: Path, limit: str) -> None:
    folder, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    command = [sys.executable, str(SCENARIO), limit, str(folder), str(elsewhere)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    ran = subprocess.run(
        [*UNSHARE, *command] if limit == "tmpfs" else command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "put": [503, "application/problem+json", "storage_full"],
        "retry_after": "60",
        "object": None,
        "assemble": "storage_full",
        "assembled": None,
        "parts_kept": 2,
        # On one filesystem a tree is linked, which needs no room; into the small one it must be copied.
        "tree": "storage_full" if limit == "tmpfs" else "none",
        "tree_published": None if limit == "tmpfs" else 5,
        "served_while_full": 200,
        "put_again": 200,
        "assembled_again": 12 * MIB,
        "tree_again": 4 * MIB,
        "left_over": [],
    }
