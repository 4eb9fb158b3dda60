"""How a tool is confined: bubblewrap where it works, else namespaces of our own, else limits alone.

Paths are the same inside as outside, so a command line reads the same under each kind. Whatever the kind, `launch`
sets the limits as the last thing before the tool starts.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.adapters.ffmpeg.limits import START, Limits
from app.ports.media import MediaFailed, SandboxKind

ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    # One malloc arena instead of one per thread: each reserves 64 MiB of the address space we bound.
    "MALLOC_ARENA_MAX": "1",
}
ALL_KINDS: tuple[SandboxKind, ...] = ("bubblewrap", "namespaces", "limits")
# The interpreter a virtual environment was made from: its own may be a copy that looks for its home first.
_INTERPRETER = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
_LAUNCH = Path(__file__).with_name("launch.py")
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store")
_LOADER_FILES = ("/etc/ld.so.cache", "/etc/alternatives")


class Task(msgspec.Struct, frozen=True):
    """One command and all it may touch. The working folder is the only writable place; `command[0]` is absolute."""

    command: tuple[str, ...]
    limits: Limits
    folder: Path
    readable: tuple[Path, ...] = ()


class Sandbox(msgspec.Struct, frozen=True):
    kind: SandboxKind
    bubblewrap: str | None

    def wrap(self, task: Task) -> list[str]:
        """The command line that runs `task` confined. Costs about 20 ms more to start than the bare tool."""
        readable = [*_runtime_paths(), *(str(path) for path in task.readable)]
        folder = str(task.folder)
        plan = {
            "limits": task.limits.as_rlimits() | {"NPROC": self._processes()},
            "cwd": folder,
            "isolate": self.kind == "namespaces",
            "readable": readable,
            "writable": [folder],
        }
        launch = [*python(_LAUNCH), msgspec.json.encode(plan).decode(), *task.command]
        if self.kind != "bubblewrap":
            return launch
        assert self.bubblewrap is not None
        walls = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        binds = [part for path in readable for part in ("--ro-bind", path, path)]
        return [self.bubblewrap, *walls, *binds, "--bind", folder, folder, "--remount-ro", "/", "--", *launch]

    def _processes(self) -> int:
        """Threads count as processes. Since Linux 5.14 those of a user namespace are counted by themselves; elsewhere
        everything the user runs counts, so that only a fork bomb may meet the bound."""
        release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
        return 256 if self.kind != "limits" and release >= (5, 14) else 16_384


def python(script: Path) -> list[str]:
    """Runs `script` on the bare interpreter: no environment, no site packages, nothing of this application."""
    return [_INTERPRETER, "-I", "-S", str(script)]


def start(sandbox: Sandbox, task: Task) -> str:
    """Runs `task` to its end, blocking, for what is asked once when a process starts. -> standard output."""
    try:
        ended = subprocess.run(
            sandbox.wrap(task),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=task.limits.timeout_s,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MediaFailed(str(error)) from error
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().splitlines()
        raise MediaFailed(said[-1] if said else f"status {ended.returncode}")
    return ended.stdout.decode(errors="replace")


def detect(kinds: Sequence[SandboxKind] = ALL_KINDS) -> Sandbox:
    """The strongest of `kinds` that works here, found by trying. Blocks for up to a second; MediaFailed if none."""
    refusals = []
    for kind in kinds:
        bubblewrap = shutil.which("bwrap") if kind == "bubblewrap" else None
        if kind == "bubblewrap" and bubblewrap is None:
            refusals.append("bubblewrap: not installed")
            continue
        sandbox = Sandbox(kind=kind, bubblewrap=bubblewrap)
        refusal = _refusal(sandbox)
        if refusal is None:
            return sandbox
        refusals.append(f"{kind}: {refusal}")
    raise MediaFailed("no sandbox works here: " + "; ".join(refusals))


def _refusal(sandbox: Sandbox) -> str | None:
    """None if a process starts confined and, behind walls, neither sees a file outside nor any network."""
    with tempfile.TemporaryDirectory(prefix="kinora-sandbox-") as root:
        canary, folder = Path(root, "canary"), Path(root, "job")
        canary.touch()
        folder.mkdir()
        script = Path(root, "check.py")
        script.write_text(
            "import os, socket, sys\n"
            "open('written', 'xb').close()\n"
            "walls = os.path.exists(sys.argv[1]) or len(socket.if_nameindex()) > 1\n"
            "sys.exit(3 if walls and sys.argv[2] == 'walls' else 0)\n"
        )
        wanted = "none" if sandbox.kind == "limits" else "walls"
        command = (*python(script), str(canary), wanted)
        try:
            start(sandbox, Task(command=command, limits=START, folder=folder, readable=(script,)))
        except MediaFailed as error:
            return str(error)
        return None


def _runtime_paths() -> list[str]:
    """What a dynamic binary and the interpreter need to start, and no more: libraries, never /etc or /home."""
    wanted = [*_SYSTEM_LIBRARIES, *_LOADER_FILES, os.path.join(sys.base_prefix, "lib"), _INTERPRETER, str(_LAUNCH)]
    return list(dict.fromkeys(path for path in wanted if os.path.exists(path)))
