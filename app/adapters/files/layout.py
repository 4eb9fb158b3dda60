"""Where each thing lies in the folder of objects: paths only, nothing here touches the disk.

uploads/ media/ avatars/   objects, each at its key
.parts/{key}/00001 …       parts that wait to be assembled
.seals/{key}               an empty file: no PUT to this key any more
.tmp/                      what is being written or thrown away; a sweep may empty it
.locks/000 …               lock files, shared by all keys

No key component begins with a dot, so no key can name what lies in the folders that do.
"""

import os
import re
from pathlib import Path
from typing import Final
from zlib import crc32

SPACES: Final = ("uploads", "media", "avatars")
LOCKS: Final = 256
COMPONENT: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
_NAME: Final = re.compile(rf"{COMPONENT}(?:/{COMPONENT}){{0,5}}")


def is_name(name: str) -> bool:
    """Whether `name` is one to six components of the alphabet of keys."""
    return _NAME.fullmatch(name) is not None


class Layout:
    """Paths below one folder. Keys come from our own code: a malformed one raises ValueError."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.tmp = self.root / ".tmp"
        self.locks = self.root / ".locks"
        self.seals = self.root / ".seals"

    def object(self, key: str) -> Path:
        """The object, or the folder of a prefix."""
        space, slash, rest = key.partition("/")
        if space not in SPACES or not slash or not is_name(rest):
            raise ValueError(f"{key!r} is not a key")
        return self.root / key

    def parts(self, key: str) -> Path:
        """The folder of the key's parts."""
        return self.root / ".parts" / self.object(key).relative_to(self.root)

    def part(self, key: str, number: int) -> Path:
        """One part."""
        return self.parts(key) / f"{number:05d}"

    def seal(self, key: str) -> Path:
        """The mark that ends PUTs to the key."""
        return self.seals / self.object(key).relative_to(self.root)

    def lock(self, key: str) -> Path:
        """The lock of the video or user the key belongs to: a prefix and the objects under it share one."""
        owner = "/".join(key.split("/", 2)[:2])
        return self.locks / f"{crc32(owner.encode()) % LOCKS:03d}"

    def aside(self, purpose: str) -> Path:
        """A fresh path for something unfinished."""
        return self.tmp / f"{purpose}-{os.urandom(12).hex()}"
