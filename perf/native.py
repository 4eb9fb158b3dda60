"""The C++ references: built with -O3 when they are needed, loaded through ctypes.

The compiler is $CXX, else c++ or g++. With $KINORA_CACHE set, a built library is kept there under a hash of its source.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "reference"
FLAGS = ("-std=c++17", "-O3", "-DNDEBUG", "-fPIC", "-shared")  # the kernels' own level, and no -march either
COMPILE_TIMEOUT_S = 120


class CannotBuild(Exception):
    """One sentence, then what the compiler said."""


class Text(ctypes.Structure):
    """Bytes that somebody else keeps alive."""

    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_int64))


def text(value: bytes) -> Text:
    """A view of `value`, which the structure keeps alive."""
    return Text(value, len(value))


def int64s(values: "array[int]") -> Any:
    """The items of an int64 array, in place, as a field of type c_void_p takes them; the caller keeps `values`."""
    return values.buffer_info()[0]


class References:
    """Builds and loads what is in reference/. `folder` keeps the libraries as long as they are used."""

    def __init__(self, folder: Path) -> None:
        cache = os.environ.get("KINORA_CACHE")
        self._folder = Path(cache).absolute() / "perf" if cache else folder
        self._compiler = compiler()

    def load(self, name: str) -> ctypes.CDLL:
        """The library of reference/`name`.cpp. Raises CannotBuild."""
        source = SOURCES / f"{name}.cpp"
        made_from = repr((self._compiler, FLAGS)).encode() + source.read_bytes()
        library = self._folder / f"{name}-{hashlib.sha256(made_from).hexdigest()[:16]}.so"
        if not library.exists():
            self._build(source, library)
        return ctypes.CDLL(str(library))

    def _build(self, source: Path, library: Path) -> None:
        library.parent.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}")
        command = [self._compiler, *FLAGS, str(source), "-o", str(unfinished)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise CannotBuild(f"The C++ reference {source.name} could not be built:\n{done.stderr.rstrip()}")
        unfinished.rename(library)  # two at a time see a whole library or none


def compiler() -> str:
    """The path of the C++ compiler. Raises CannotBuild in one sentence."""
    for name in filter(None, (os.environ.get("CXX"), "c++", "g++")):
        if path := shutil.which(name):
            return path
    raise CannotBuild(
        "The kernels are measured against C++, and this machine has no C++ compiler: "
        "install one (Debian, as root: apt-get install g++) or name it in CXX."
    )


class NativeReference:
    """The C++ side of a figure: `<name>_run(inputs, count, times)` of its library, and a way to read one answer."""

    def __init__(
        self, library: ctypes.CDLL, name: str, inputs: Sequence[ctypes.Structure], answer: Callable[[Any], Any]
    ) -> None:
        self._inputs = (type(inputs[0]) * len(inputs))(*inputs)
        self._kept = inputs  # an array of structures copies their fields and forgets whose memory they point to
        self._run = getattr(library, f"{name}_run")
        self._run.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        self._run.restype = ctypes.c_int64
        self._answer = answer

    def run(self, times: int) -> None:
        """Works through all inputs `times` times, within one call."""
        self._run(self._inputs, len(self._inputs), times)

    def answers(self) -> list[Any]:
        """One answer for each input."""
        return [self._answer(ctypes.byref(one)) for one in self._kept]
