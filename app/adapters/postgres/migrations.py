"""Migration files: reading a folder of numbered SQL into values, and every rule about their form.

A file is `NNNN_name.sql`, numbered from 0001 without gaps. Three marks may stand on lines of their own:

    -- migrate: no-transaction   in the head: each statement commits by itself (CREATE INDEX CONCURRENTLY)
    -- migrate: next             between statements of such a file; it must bear being run again from its start
    -- migrate: down             what follows takes the migration back
"""

import hashlib
import re
from pathlib import Path

import msgspec

FOLDER = Path(__file__).resolve().parents[3] / "migrations" / "postgres"
FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
MARK = re.compile(r"^-- migrate: *(\S+) *$", re.MULTILINE)
MARKS = ("no-transaction", "next", "down")


class MigrationError(Exception):
    """One sentence: what keeps the schema from being changed."""


class Migration(msgspec.Struct, frozen=True):
    """One file. `up` and `down` are run in order; `down` is empty where there is no way back."""

    version: int
    name: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    in_transaction: bool
    checksum: str  # SHA-256 of the whole file

    @property
    def label(self) -> str:
        return f"{self.version:04d}_{self.name}"


def read_folder(folder: Path) -> tuple[Migration, ...]:
    """All migrations of `folder`, in order. Raises MigrationError for a bad name, number or mark."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(file.name)
        if match is None:
            raise MigrationError(f"{file.name} is not named like 0001_what_it_does.sql.")
        found.append(parse(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, start=1):
        if migration.version != expected:
            raise MigrationError(f"{migration.label} stands where number {expected:04d} is expected.")
    return tuple(found)


def parse(version: int, name: str, text: str) -> Migration:
    """One file's text as a value."""
    label = f"{version:04d}_{name}"
    in_transaction = True
    up: list[str] = []
    down: list[str] = []
    part, start = up, 0
    for mark in MARK.finditer(text):
        if mark[1] not in MARKS:
            raise MigrationError(f"{label} has an unknown mark {mark[1]!r}.")
        if mark[1] == "no-transaction":
            if up or text[: mark.start()].strip():
                raise MigrationError(f"{label} must have its no-transaction mark on the first line.")
            in_transaction = False
        else:
            part.append(text[start : mark.start()])
            part = down if mark[1] == "down" else part
        start = mark.end()
    part.append(text[start:])
    if in_transaction and len(up) + len(down) > 2:
        raise MigrationError(f"{label} has a `next` mark, which only a no-transaction file may have.")
    return Migration(
        version=version,
        name=name,
        up=tuple(up),
        down=tuple(down),
        in_transaction=in_transaction,
        checksum=hashlib.sha256(text.encode()).hexdigest(),
    )
