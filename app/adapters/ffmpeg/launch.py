"""The last step before a tool that reads hostile bytes: `python -I -S launch.py PLAN COMMAND…` limits itself and
becomes COMMAND. PLAN is JSON: `{limits: {rlimit name: number}, cwd, isolate, readable: [path], writable: [path]}`.

With `isolate` it first builds, without any helper, what bubblewrap would have built outside: new user, mount, PID,
network, IPC and UTS namespaces, and an empty read-only root that holds nothing but the named paths. The method is
bubblewrap's own (bind from the old root, pivot, detach). Runs as a script, so it imports the standard library alone.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, NoReturn

_NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_MS_NOATIME, _MS_NODIRATIME, _MS_RELATIME, _ST_RELATIME = 1024, 2048, 1 << 21, 4096
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)


def main(plan: dict[str, Any], command: list[str]) -> NoReturn:
    """Never returns: becomes `command`, or exits with its status where a PID namespace needs a first process."""
    _die_with_parent()
    if plan["isolate"]:
        _enter_namespaces()
        _fork_and_relay()  # the child is process 1 of the new PID namespace …
        _build_root(plan["readable"], plan["writable"])
        _fork_and_relay()  # … and the tool is not: the kernel spares process 1 the signals that limits send
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for name, value in plan["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    os.chdir(plan["cwd"])
    os.execv(command[0], command)  # noqa: S606 - that is its purpose; the starter cleared the environment


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function}: {os.strerror(code)}")


def _die_with_parent() -> None:
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _enter_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _NEW_NAMESPACES)
    # Inside, everybody is nobody: an exec then drops every capability, for root outside too.
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{_NOBODY} {user} 1"),
        ("gid_map", f"{_NOBODY} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(line)


def _fork_and_relay() -> None:
    """Returns in the child alone; the parent ends as the child ends, as shells report it."""
    child = os.fork()
    if child == 0:
        _die_with_parent()
        return
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _build_root(readable: list[str], writable: list[str]) -> None:
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    stage = "/tmp"  # noqa: S108 - only a mount point that exists everywhere; nothing is written into it
    _mount("none", stage, "tmpfs", _MS_NOSUID | _MS_NODEV)
    old = f"{stage}/.old"
    os.mkdir(old)
    _call("pivot_root", stage.encode(), old.encode())
    os.chdir("/")
    for path in readable + writable:
        outside = f"/.old{path}"
        if os.path.isdir(outside):
            os.makedirs(path, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb"):
                pass
        _mount(outside, path, None, _MS_BIND | _MS_REC)
        if path in readable:
            _remount(path, _MS_RDONLY)
    _call("umount2", b"/.old", _MNT_DETACH)
    os.rmdir("/.old")
    _remount("/", _MS_RDONLY)


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    encode = os.fsencode
    _call("mount", source and encode(source), encode(target), kind and encode(kind), ctypes.c_ulong(flags), None)


def _remount(path: str, flags: int) -> None:
    """A user namespace may add flags to a mount but not drop those it came with, so they are repeated."""
    held = os.statvfs(path).f_flag
    kept = held & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _MS_NOATIME | _MS_NODIRATIME)
    if held & _ST_RELATIME:
        kept |= _MS_RELATIME
    _mount(None, path, None, _MS_REMOUNT | _MS_BIND | kept | flags)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
