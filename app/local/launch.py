"""Becomes another program that can't outlive whoever started it: `launch.py PARENT SIGNAL USER -- ARGV…`.

PARENT is the pid that must still be the parent, SIGNAL what the kernel sends to the program when that parent dies,
USER either `-` (stay) or `uid:gid` (become that user first). Run as a program of its own, in place of Popen's
preexec_fn, which is not safe in a process with threads. ARGV begins with an absolute path: once the user has changed,
Python's own library may be out of reach. Standard library only: it starts in 20 ms.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)
OPEN_FILES = 65_536  # the usual 1024 is fewer than the connections one API process may hold


def main(argv: list[str]) -> None:
    parent, on_parent_death, user, _, *command = argv
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most), most)
    )
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, which would clear it again.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != int(parent):  # it died before the line above
        sys.exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the supervisor's mask is not ours
    os.execv(command[0], command)  # noqa: S606 (becoming it is the point)


if __name__ == "__main__":
    main(sys.argv[1:])
