"""A few threads of the store's own for everything that waits on the disk, so that a slow disk holds up nothing else."""

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from app.core.errors import Unavailable

THREADS: Final = 8
STEP_S: Final = 30.0  # one small step: a look, a megabyte written
BULK_S: Final = 300.0  # hundreds of megabytes: an assembly, a tree
FULL_RETRY_S: Final = 60
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

P = ParamSpec("P")
T = TypeVar("T")


class StorageFull(Unavailable):
    """There is no room for what was asked; there may be again once something is deleted."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__("There is no room for this file right now.", retry_after_s=FULL_RETRY_S)


class DiskThreads:
    """Runs blocking steps. What the disk refuses becomes Unavailable (StorageFull where it has no room)."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="blobs")

    async def step(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A short step, at most `STEP_S`."""
        return await self._run(STEP_S, lambda: function(*args, **kwargs))

    async def bulk(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A long step, at most `BULK_S`. The thread finishes what it began even when nobody waits any more."""
        return await self._run(BULK_S, lambda: function(*args, **kwargs))

    def later(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Cleans up behind a request that ended, without making it wait."""
        self._pool.submit(function, *args, **kwargs)

    def close(self) -> None:
        """Waits for what has begun."""
        self._pool.shutdown(wait=True)

    async def _run(self, limit_s: float, function: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.get_running_loop().run_in_executor(self._pool, function)
        except TimeoutError:
            raise Unavailable("The object store is too slow.") from None
        except OSError as error:
            raise translated(error) from error


def translated(error: OSError) -> Unavailable:
    """What a client may know of a disk's refusal."""
    return StorageFull() if error.errno in _FULL else Unavailable("The object store can't be used right now.")
