"""The wall, tried from inside: each kind of sandbox runs a program that tries to get out."""

import asyncio
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.adapters.ffmpeg.limits import START, Limits
from app.adapters.ffmpeg.media import FfmpegMedia
from app.adapters.ffmpeg.process import Ended, run
from app.adapters.ffmpeg.sandbox import ALL_KINDS, Task, detect, python
from app.ports.media import MediaFailed, SandboxKind

WALLS: tuple[SandboxKind, ...] = ("bubblewrap", "namespaces")


SLEEPER = "import time\nprint('started', flush=True)\ntime.sleep(600)"


def task(folder: Path, program: str, limits: Limits = START) -> Task:
    script = folder / "program.py"
    script.write_text(program)
    return Task(command=tuple(python(script)), limits=limits, folder=folder)


async def run_python(kind: SandboxKind, folder: Path, program: str, limits: Limits = START) -> tuple[Ended, str]:
    out = bytearray()
    ended = await run(detect([kind]), task(folder, program, limits), on_stdout=out.extend)
    return ended, out.decode()


def living(folder: Path) -> list[psutil.Process]:
    """Processes whose command line names the folder."""
    return [one for one in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(one.info["cmdline"] or [])]


@pytest.mark.parametrize("kind", WALLS)
async def test_only_the_job_is_visible_and_writable(tmp_path: Path, kind: SandboxKind) -> None:
    job, outside = tmp_path / "job", tmp_path / "secret.txt"
    job.mkdir()
    outside.write_text("secret")
    home = Path.home()
    program = f"""
import os
print([path for path in ({str(outside)!r}, "/etc/passwd", "/proc/1", "/bin/sh", {str(Path.cwd())!r} + "/app/main.py",
       {str(home)!r} + "/.bashrc") if os.path.exists(path)])
refused = []
for path in ("/new", "/usr/lib/new", {str(tmp_path)!r} + "/new"):
    try:
        open(path, "w")
    except OSError:
        refused.append(path)
print(len(refused), open("made", "w").write("inside"))
print(sorted(set(os.environ) - {{"LC_ALL", "MALLOC_ARENA_MAX", "PWD", "LC_CTYPE"}}))
"""
    ended, out = await run_python(kind, job, program)

    assert (ended.status, out) == (0, "[]\n3 6\n[]\n"), ended.stderr
    assert (job / "made").read_text() == "inside"


@pytest.mark.parametrize("kind", WALLS)
async def test_there_is_no_network_and_nobody_else(tmp_path: Path, kind: SandboxKind) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    program = f"""
import os, socket
print(os.getpid() < 10)
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2)
    print("connected")
except OSError:
    print("refused")
try:
    os.kill({os.getpid()}, 0)
    print("signalled")
except ProcessLookupError:
    print("alone")
"""
    ended, out = await run_python(kind, tmp_path, program)

    assert (ended.status, out) == (0, "True\nrefused\nalone\n"), ended.stderr
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_memory_time_and_file_size_are_bounded(tmp_path: Path, kind: SandboxKind) -> None:
    tight = Limits(memory_bytes=256 << 20, cpu_s=1, file_bytes=1 << 20, timeout_s=30)

    hungry, _ = await run_python(kind, tmp_path, "bytearray(512 << 20)", tight)
    endless, _ = await run_python(kind, tmp_path, "while True: pass", tight)
    writer, _ = await run_python(kind, tmp_path, "open('big', 'wb').write(bytes(2 << 20))", tight)

    assert "MemoryError" in hungry.stderr
    assert endless.status in {128 + 24, 128 + 9}  # SIGXCPU, or SIGKILL where both limits are the same second
    assert "File too large" in writer.stderr
    assert (tmp_path / "big").stat().st_size <= 1 << 20


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_a_timeout_ends_everything(tmp_path: Path, kind: SandboxKind) -> None:
    limits = Limits(memory_bytes=256 << 20, cpu_s=30, file_bytes=1 << 20, timeout_s=0.5)

    with pytest.raises(MediaFailed, match="longer than"):
        await run_python(kind, tmp_path, SLEEPER, limits)

    assert living(tmp_path) == []


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_cancelling_ends_everything_at_once(tmp_path: Path, kind: SandboxKind) -> None:
    started = asyncio.Event()
    running = asyncio.ensure_future(
        run(detect([kind]), task(tmp_path, SLEEPER), on_stdout=lambda chunk: started.set() if chunk else None)
    )
    async with asyncio.timeout(20):
        await started.wait()
    assert living(tmp_path)
    began = time.monotonic()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert living(tmp_path) == []
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_a_killed_worker_takes_its_decoder_along(tmp_path: Path, kind: SandboxKind) -> None:
    argv = detect([kind]).wrap(task(tmp_path, SLEEPER))
    program = f"import subprocess; subprocess.Popen({argv!r}, start_new_session=True).wait()"
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert worker.stdout is not None
    async with asyncio.timeout(20):
        assert await worker.stdout.readline() == b"started\n"

    worker.kill()

    async with asyncio.timeout(5):
        assert await worker.stdout.read() == b""  # the pipe ends when the last process that holds it is gone
        await worker.wait()
    assert living(tmp_path) == []


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_report_warns_when_there_are_no_walls(kind: SandboxKind) -> None:
    report = FfmpegMedia(kinds=[kind]).sandbox()

    assert report.kind == kind
    assert report.ffmpeg_version
    assert (report.warning is not None) is (kind == "limits")


def test_the_strongest_kind_that_works_is_found() -> None:
    assert detect().kind == detect([detect().kind]).kind
    with pytest.raises(MediaFailed):
        detect([])


def test_a_missing_ffmpeg_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaFailed, match="can't run"):
        FfmpegMedia(ffmpeg=tmp_path / "no-such-ffmpeg")
