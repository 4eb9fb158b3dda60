"""Makes this checkout ready to run, or to be tested: `prepare.py run|tests`. Does only what has changed since.

    packages   .venv from the hash-pinned lock: by uv, or by pip where uv can't be had
    kernels    the Cython extensions, beside their sources
    web        node_modules and web/dist, with the Node of a Python package

Needs nothing but the standard library. Everything fetched is kept in $KINORA_CACHE (default ~/.cache/kinora).
"""

import fcntl
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import machine
from steps import Step, StepFailed, command, digest, perform

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
LOCKS = {"run": ROOT / "requirements" / "runtime.lock", "tests": ROOT / "requirements" / "dev.lock"}
UV_LOCK = ROOT / "requirements" / "uv.lock"
WEB = ROOT / "web"
HOTPATH = ROOT / "hotpath"
LAUNCHER = f"""#!/bin/sh
PYTHONPATH={ROOT} exec {PYTHON} -m app "$@"
"""


def main(purpose: str) -> int:
    """Prepares for `purpose`, run or tests; the exit code."""
    cache = Path(os.environ.get("KINORA_CACHE") or Path.home() / ".cache" / "kinora").absolute()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two at a time would undo each other's work
        try:
            prepare_machine(purpose)
            perform([packages(purpose, cache), kernels(), *web()], STAMPS)
        except StepFailed as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def prepare_machine(purpose: str) -> None:
    """Installs what the machine lacks, where we may. Raises StepFailed listing what is missing still."""
    lacking = machine.lacking(purpose)
    if lacking and purpose == "tests" and machine.can_install():
        print(f"Installing {', '.join(need.words for need in lacking)}…", flush=True)
        with suppress(subprocess.CalledProcessError):  # what didn't come is listed below
            machine.install(lacking)
        lacking = machine.lacking(purpose)
    if lacking:
        raise StepFailed(machine.sentence(lacking))


def packages(purpose: str, cache: Path) -> Step:
    """The virtual environment. Once it has been prepared for tests it stays so: `make run` takes nothing away."""
    for_tests = STAMPS / "for-tests"
    lock = LOCKS["tests" if for_tests.exists() else purpose]

    def work() -> None:
        if venv_version() != sys.version_info[:2]:
            command([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], "No .venv could be made")
        install(lock, cache)
        (VENV / "bin" / "kinora").write_text(LAUNCHER)
        (VENV / "bin" / "kinora").chmod(0o755)
        if lock == LOCKS["tests"]:
            STAMPS.mkdir(exist_ok=True)
            for_tests.touch()

    return Step("Python packages", 20, digest([lock], sys.version, str(ROOT)), work, (PYTHON,))


def venv_version() -> tuple[int, int] | None:
    """Python's version in .venv; None when there is none that works."""
    with suppress(OSError, subprocess.CalledProcessError):
        code = "import sys; print(*sys.version_info[:2])"
        major, minor = subprocess.run([PYTHON, "-c", code], capture_output=True, check=True, timeout=30).stdout.split()
        return int(major), int(minor)
    return None


def install(lock: Path, cache: Path) -> None:
    """Makes .venv hold exactly what `lock` lists, nothing compiled here. Raises StepFailed."""
    installer = cache / f"uv-{digest([UV_LOCK], sys.version)[:16]}"
    pip = [str(installer / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if not (installer / "complete").exists():
        command([sys.executable, "-m", "venv", "--clear", str(installer)], "No virtual environment could be made")
    env = {**os.environ, "UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}
    checked = ["--require-hashes", "--only-binary", ":all:"]
    try:
        if not (installer / "complete").exists():
            command([*pip, "install", *checked, "-r", str(UV_LOCK)], "uv could not be installed", env)
            (installer / "complete").touch()
        uv = [str(installer / "bin" / "uv"), "pip", "sync", "--quiet", "--python", str(PYTHON)]
        command([*uv, *checked, str(lock)], "uv could not install the Python packages", env)
    except StepFailed as error:
        print(f"{str(error).splitlines()[0]} Trying pip, which takes longer.", flush=True)
        into = [*pip, "--python", str(PYTHON), "install"]
        command([*into, *checked, "-r", str(lock)], "The Python packages could not be installed", env)


def kernels() -> Step:
    """The Cython extensions."""
    sources = [ROOT / "setup.py", *HOTPATH.glob("*.pyx"), *HOTPATH.glob("*.pxd")]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    built = tuple(source.with_name(source.stem + suffix) for source in HOTPATH.glob("*.pyx"))

    def work() -> None:
        build = [
            str(PYTHON),
            str(ROOT / "setup.py"),
            "--quiet",
            "build_ext",
            "--inplace",
            f"--parallel={os.cpu_count()}",
        ]
        command(build, "The compiled kernels could not be built", {**os.environ, "KINORA_CYTHON_DEBUG": ""})

    return Step("Compiled kernels", 15, digest(sources, sys.version), work, built)


def web() -> Iterator[Step]:
    """The web client's packages, then the client."""
    npm = str(ROOT / "tools" / "npm")
    lock = [WEB / "package.json", WEB / "package-lock.json"]
    fetch = [npm, "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    yield Step(
        "Web packages",
        6,
        digest(lock),
        lambda: command(fetch, "The web packages could not be installed"),
        (WEB / "node_modules" / ".package-lock.json",),
    )
    yield Step(
        "Web client",
        4,
        digest(web_sources()),
        lambda: command([npm, "run", "build"], "The web client could not be built"),
        (WEB / "dist" / "index.html",),
    )


def web_sources() -> Iterator[Path]:
    """Every file of web/ that somebody wrote."""
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name not in ("node_modules", "dist")]
        yield from (Path(folder, name) for name in files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
