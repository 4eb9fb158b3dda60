"""Runs one confined task to its end, or ends it: nothing it started outlives the call."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

import msgspec

from app.adapters.ffmpeg.sandbox import ENVIRONMENT, Sandbox, Task
from app.ports.media import MediaFailed

_CHUNK_BYTES = 16 * 1024
_STDERR_KEPT_BYTES = 8 * 1024
_END_TIMEOUT_S = 10.0


class Ended(msgspec.Struct, frozen=True):
    """`status` is 0, the tool's own status, or 128 + the signal that killed it. `stderr` is its last 8 KiB."""

    status: int
    stderr: str

    @property
    def out_of_memory(self) -> bool:
        """The address-space limit was met: ffmpeg and PyAV say so in the words of errno."""
        return "Cannot allocate memory" in self.stderr or "malloc of size" in self.stderr

    @property
    def out_of_cpu(self) -> bool:
        return self.status == 128 + signal.SIGXCPU

    @property
    def crashed(self) -> bool:
        return self.status - 128 in {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}

    @property
    def undecodable(self) -> bool:
        """By ffmpeg's own status: most frames failed to decode (69), or the low byte of AVERROR_INVALIDDATA (183)."""
        return self.status in {69, 183}


async def run(sandbox: Sandbox, task: Task, *, on_stdout: Callable[[bytes], None]) -> Ended:
    """Feeds standard output to `on_stdout` in chunks of at most 16 KiB. MediaFailed on timeout or if it can't start."""
    try:
        process = await asyncio.create_subprocess_exec(
            *sandbox.wrap(task),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise MediaFailed(f"{task.command[0]} did not start: {error}") from error
    assert process.stdout is not None
    assert process.stderr is not None
    tail = bytearray()

    def keep(chunk: bytes) -> None:
        tail.extend(chunk)
        del tail[:-_STDERR_KEPT_BYTES]

    drains = [
        asyncio.ensure_future(_drain(process.stdout, on_stdout)),
        asyncio.ensure_future(_drain(process.stderr, keep)),
    ]
    try:
        async with asyncio.timeout(task.limits.timeout_s):
            await asyncio.gather(*drains)
            await process.wait()
    except TimeoutError as error:
        raise MediaFailed(f"{task.command[0]} ran longer than {task.limits.timeout_s:.0f} s") from error
    finally:
        for drain in drains:
            drain.cancel()
        await asyncio.gather(*drains, return_exceptions=True)
        await _end(process)
    assert process.returncode is not None
    code = process.returncode
    return Ended(status=code if code >= 0 else 128 - code, stderr=tail.decode(errors="replace"))


async def _drain(stream: asyncio.StreamReader, sink: Callable[[bytes], object]) -> None:
    while chunk := await stream.read(_CHUNK_BYTES):
        sink(chunk)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kills the whole group and reads its pipes to their end: behind walls the first process may be gone a moment
    before the last, and as long as one lives it could still write."""
    if process.returncode is not None:
        return
    assert process.stdout is not None
    assert process.stderr is not None
    with contextlib.suppress(ProcessLookupError):  # ended by itself just now
        os.killpg(process.pid, signal.SIGKILL)
    async with asyncio.timeout(_END_TIMEOUT_S):
        await asyncio.gather(_drain(process.stdout, len), _drain(process.stderr, len))
        await process.wait()
