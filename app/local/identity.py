"""Whom PostgreSQL runs as. It refuses to be root, so for root it is `nobody`, or a one-user namespace.

A normal user stays itself. `nobody` is preferred for root: it owns nothing else here. Where it can't reach Kinora (a
checkout below /root), PostgreSQL runs in a user namespace that shows it an unprivileged uid.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.local.errors import LocalError

LAUNCH = Path(__file__).with_name("launch.py")
COMMAND_TIMEOUT_S = 10.0


class Identity(msgspec.Struct, frozen=True):
    """`user` as `launch.py` takes it, a command `prefix`, and the uid and gid that own the files."""

    user: str
    prefix: tuple[str, ...]
    uid: int
    gid: int

    def command(self, argv: Sequence[str], on_parent_death: signal.Signals) -> list[str]:
        """`argv` run as this identity, ended by `on_parent_death` when this process dies."""
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(int(on_parent_death)), self.user]
        program, *arguments = (*self.prefix, *argv)
        return [*launch, "--", shutil.which(program) or program, *arguments]

    def own(self, folder: Path) -> None:
        """Makes `folder` and all in it this identity's; free when it already is."""
        if folder.stat().st_uid == self.uid:
            return
        os.chown(folder, self.uid, self.gid)
        for parent, folders, files in os.walk(folder):
            for name in folders + files:
                os.chown(Path(parent, name), self.uid, self.gid, follow_symlinks=False)


def current() -> Identity:
    """The user Kinora itself runs as."""
    return Identity("-", (), os.geteuid(), os.getegid())


def unprivileged(binary: Path, folder: Path) -> Identity:
    """Someone who is not root, may run `binary` and reach `folder`. Raises LocalError when there is nobody."""
    me = current()
    if me.uid != 0:
        return me
    nobody = pwd.getpwnam("nobody")
    dropped = Identity(f"{nobody.pw_uid}:{nobody.pw_gid}", (), nobody.pw_uid, nobody.pw_gid)
    if _works(dropped, ["test", "-x", str(binary), "-a", "-x", str(folder)]):
        return dropped
    if shutil.which("unshare"):
        # Inside it is `nobody`, because initdb wants its uid to have a name; outside it stays root.
        mapping = (f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")
        namespaced = Identity("-", ("unshare", "--user", *mapping, "--"), 0, 0)
        if _works(namespaced, ["test", "-x", str(binary)]):
            return namespaced
    raise LocalError(
        f"PostgreSQL does not run as root and the user nobody can't reach {folder} or {binary}: "
        "run Kinora as a normal user, or from folders that everyone may enter."
    )


def _works(identity: Identity, argv: list[str]) -> bool:
    command = identity.command(argv, signal.SIGKILL)
    done = subprocess.run(command, cwd="/", capture_output=True, timeout=COMMAND_TIMEOUT_S, check=False)
    return done.returncode == 0
