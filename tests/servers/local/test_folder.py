"""What can be wrong with a data folder: each refusal is one sentence, and nothing is started."""

import os
import subprocess
from pathlib import Path

import pytest

from app.core.datafolder import DataFolder
from app.local.errors import LocalError
from app.local.folder import claim, passwords
from tests.servers.engines import own_environment, short_folder
from tests.servers.local.runs import ROOT, TINY, Run, environment


def test_a_path_too_long_for_a_socket() -> None:
    with short_folder() as folder:
        deep = folder / ("long" * 30)
        run = Run(environment(deep))
        assert run.end() == 1
        excess = len(f"{deep}/data/valkey/valkey.sock") - 107
        assert run.output == (
            f"The data folder's path {deep}/data is {excess} bytes too long for a Unix socket: "
            "set KINORA_DATA to a shorter one.\n"
        )
        assert not deep.exists()


def test_the_longest_path_that_fits_is_taken() -> None:
    with short_folder() as folder:
        room = 107 - len(f"{folder}//valkey/valkey.sock")
        with claim(DataFolder(folder / ("x" * room))):
            assert (folder / ("x" * room) / "version").read_text() == "1\n"


def test_a_folder_of_a_newer_kinora() -> None:
    with short_folder() as folder:
        (folder / "data").mkdir()
        (folder / "data" / "version").write_text("2\n")
        run = Run(environment(folder))
        assert run.end() == 1
        assert run.output == (
            f"The data folder {folder}/data was made by a newer Kinora (layout 2, this one knows 1): "
            "start that version, or set KINORA_DATA to another folder.\n"
        )
        assert (folder / "data" / "version").read_text() == "2\n"


def test_a_full_disk() -> None:
    # A namespace of its own lets any user mount a small disk.
    script = f"mount -t tmpfs -o size=64m none $0 && KINORA_DATA=$0/data exec {' '.join(TINY)}"
    with short_folder() as folder:
        done = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(folder)],
            env=own_environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr == (
            f"The disk that holds {folder}/data is full: 63 MB are free and Kinora needs 256 MB; "
            "free some space, or set KINORA_DATA to another disk.\n"
        )


def test_a_folder_that_is_a_file() -> None:
    with short_folder() as folder:
        (folder / "data").write_text("not a folder")
        run = Run(environment(folder))
        assert run.end() == 1
        assert run.output == f"The data folder {folder}/data can't be used: file exists.\n"


def test_secrets_are_for_their_owner_alone_and_stay_the_same() -> None:
    with short_folder() as folder:
        data = DataFolder(folder / "data")
        with claim(data):
            first = passwords(data)
        with claim(data):
            assert passwords(data) == first
        assert set(first) == {"kinora_app", "kinora_migrator"}
        assert first["kinora_app"] != first["kinora_migrator"]
        assert data.passfile.stat().st_mode & 0o777 == 0o600
        assert data.secrets.stat().st_mode & 0o777 == 0o700


def test_a_lock_is_free_again_when_its_holder_is_gone() -> None:
    with short_folder() as folder:
        data = DataFolder(folder / "data")
        with claim(data), pytest.raises(LocalError, match=f"process {os.getpid()}"), claim(data):
            pass
        with claim(data):
            assert Path(data.lock).read_text() == f"{os.getpid()}\n"
