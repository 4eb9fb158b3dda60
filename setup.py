"""Builds the compiled kernels beside their sources: `python setup.py build_ext --inplace`.

`KINORA_CYTHON_DEBUG=1` turns the checks on (bounds, None, overflow) and optimises nothing: slow, for hunting a crash.
Either way a build that finds nothing changed does nothing.

`KINORA_SANITIZE=1` compiles with GCC's address and undefined-behaviour sanitizers, which end the process at their first
report. It is meant for a copy of the tree (`tests/hotpath/rebuilt.py`): such extensions load only where libasan.so
was preloaded.
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup  # type: ignore[import-untyped]

KERNELS = sorted(path.stem for path in (Path(__file__).parent / "hotpath").glob("*.pyx"))
DEBUG = os.environ.get("KINORA_CYTHON_DEBUG") == "1"
DIRECTIVES: dict[str, bool | int] = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
    "overflowcheck": DEBUG,
    "wraparound": False,  # no kernel counts from the end: with checks on, a negative index is an error
    "cdivision": True,  # in both builds: it changes what `//` means, and kernels divide no negative number
}
SANITIZE = [
    "-fsanitize=address,undefined,float-cast-overflow",
    "-fno-sanitize-recover=all",
    "-fno-wrapv",  # Python's own flags define signed overflow, and so hide it
    "-fno-omit-frame-pointer",
    "-O1",
]
FLAGS = SANITIZE if os.environ.get("KINORA_SANITIZE") == "1" else ["-O0"] if DEBUG else ["-O3"]
# Cython compares the dates of files, which a change of directives doesn't touch.
BUILT_WITH = Path(__file__).parent / "build" / "directives"


def extensions() -> list[Extension]:
    """The kernels, translated to C again where a source or a directive changed."""
    changed = not BUILT_WITH.exists() or BUILT_WITH.read_text() != repr(DIRECTIVES)
    kernels = [
        Extension(
            f"hotpath.{name}",
            [f"hotpath/{name}.pyx"],
            depends=["hotpath/_types.pxd"],
            extra_compile_args=FLAGS,
            extra_link_args=[flag for flag in FLAGS if flag.startswith("-fsanitize")],
        )
        for name in KERNELS
    ]
    translated: list[Extension] = cythonize(  # type: ignore[no-untyped-call]
        kernels, nthreads=os.cpu_count() or 1, compiler_directives=DIRECTIVES, force=changed
    )
    BUILT_WITH.parent.mkdir(exist_ok=True)
    BUILT_WITH.write_text(repr(DIRECTIVES))
    return translated


setup(ext_modules=extensions())
