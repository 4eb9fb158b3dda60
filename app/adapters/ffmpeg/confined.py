"""The tools behind the wall: our child scripts and ffmpeg, started with what each may see and use."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from app.adapters.ffmpeg import limits
from app.adapters.ffmpeg.engine import Engine
from app.adapters.ffmpeg.limits import Limits
from app.adapters.ffmpeg.process import Ended, run
from app.adapters.ffmpeg.sandbox import Sandbox, Task, python
from app.adapters.ffmpeg.source import reject
from app.ports.media import MediaFailed

T = TypeVar("T")
_OUTPUT_LIMIT_BYTES = 1 << 20


class Tools(msgspec.Struct, frozen=True):
    sandbox: Sandbox
    engine: Engine

    async def probe(self, request: dict[str, Any], source: Path, folder: Path, answer: type[T]) -> T:
        """Facts about a hostile file. MediaRejected when reading it crashes or exceeds the limits."""
        ended, out = await self._child("probe_child", "av", request, folder, (source,), limits.PROBE)
        return _answer(ended, out, answer)

    async def check(self, request: dict[str, Any], folder: Path, answer: type[T]) -> T:
        """Plays our own output."""
        ended, out = await self._child("check_child", "av", request, folder, (), limits.CHECK)
        return _answer(ended, out, answer)

    async def picture(self, request: dict[str, Any], folder: Path, answer: type[T], *sources: Path) -> T:
        """Pillow at work on files of `folder` and on `sources`."""
        ended, out = await self._child("picture_child", "PIL", request, folder, sources, limits.PICTURE)
        return _answer(ended, out, answer)

    async def ffmpeg(
        self,
        command: tuple[str, ...],
        source: Path,
        folder: Path,
        *,
        bounds: Limits,
        on_stdout: Callable[[bytes], None],
    ) -> None:
        """Runs to success. MediaRejected if the source is at fault, else MediaFailed."""
        task = Task(command=command, limits=bounds, folder=folder, readable=(self.engine.path, source))
        ended = await run(self.sandbox, task, on_stdout=on_stdout)
        _judge(ended)

    async def _child(
        self,
        script: str,
        package: str,
        request: dict[str, Any],
        folder: Path,
        sources: tuple[Path, ...],
        bounds: Limits,
    ) -> tuple[Ended, bytes]:
        path = Path(__file__).with_name(f"{script}.py")
        site = _site(package)
        libraries = tuple(site / name for name in (package, f"{package}.libs", "pillow.libs") if (site / name).exists())
        command = (*python(path), str(site), msgspec.json.encode(request).decode())
        task = Task(command=command, limits=bounds, folder=folder, readable=(path, *libraries, *sources))
        out = bytearray()

        def collect(chunk: bytes) -> None:
            out.extend(chunk)
            if len(out) > _OUTPUT_LIMIT_BYTES:
                raise MediaFailed(f"{script} printed more than {_OUTPUT_LIMIT_BYTES} bytes")

        ended = await run(self.sandbox, task, on_stdout=collect)
        return ended, bytes(out)


def _site(package: str) -> Path:
    """The folder a package is installed in, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MediaFailed(f"the Python package {package} is not installed")
    return Path(os.path.realpath(spec.submodule_search_locations[0])).parent


def _answer(ended: Ended, out: bytes, answer: type[T]) -> T:
    _judge(ended)
    try:
        return msgspec.json.decode(out, type=answer)
    except msgspec.DecodeError as error:
        raise MediaFailed(f"a child answered in another shape: {error}") from error


def _judge(ended: Ended) -> None:
    """Limits met and crashes are the file's doing and would come again; anything else may pass."""
    if ended.status == 0:
        return
    if ended.out_of_memory or ended.out_of_cpu:
        raise reject("too_complex")
    if ended.crashed or ended.undecodable:
        raise reject("corrupt")
    raise MediaFailed(f"status {ended.status}: {ended.stderr[-600:].strip()}")
