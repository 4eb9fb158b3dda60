"""What the folder store does on the disk, step by blocking step."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from app.adapters.files import disk, parts
from app.adapters.files.layout import Layout, is_name
from app.adapters.files.parts import StoredPart
from app.adapters.files.spool import Spool
from app.adapters.files.threads import StorageFull
from app.core.clock import DAY_MS
from app.core.errors import Forbidden, Invalid, NotFound
from app.ports.blobs import PartClaim

# No signed address lives longer than a day, so that a seal without its object has nothing to refuse after two.
SEAL_KEPT_MS: Final = 2 * DAY_MS
_TREE_FILES: Final = 20_000


class Folder:
    """Blocking and safe to call from any number of threads and processes. OSError where the disk refuses."""

    def __init__(self, layout: Layout, keep_free_bytes: int) -> None:
        self._at = layout
        self._keep_free_bytes = keep_free_bytes
        for folder in (layout.tmp, layout.locks):
            disk.make_folder(folder)

    def demand_room(self, size_bytes: int) -> None:
        """Raises Unavailable if the file would eat into what must stay free for the other stores of this disk."""
        if disk.free_bytes(self._at.root) < size_bytes + self._keep_free_bytes:
            raise StorageFull

    def demand_open(self, key: str) -> None:
        """Raises Forbidden once the key is sealed."""
        if self._at.seal(key).exists():
            raise Forbidden("This upload is complete; it can't be changed.", code="upload_sealed")

    def begin(self, size_bytes: int) -> Spool:
        """A file to write to, if there is room for so many bytes."""
        self.demand_room(size_bytes)
        return Spool(self._at.aside("put"))

    def commit_object(self, spool: Spool, key: str) -> None:
        """Publishes a whole object that was PUT; parts sent before it have no use any more."""
        spool.finish()
        with disk.locked(self._at.lock(key)):
            self.demand_open(key)
            disk.publish(spool.path, self._at.object(key))
            trash = self._hide(self._at.parts(key))
        disk.remove(trash)

    def commit_part(self, spool: Spool, key: str, number: int) -> None:
        """Publishes one part."""
        parts.end_part(spool)
        spool.finish()
        with disk.locked(self._at.lock(key)):
            self.demand_open(key)
            disk.publish(spool.path, self._at.part(key, number))

    def commit_stored(self, spool: Spool, key: str) -> None:
        """Publishes an object of our own making, sealed or not."""
        spool.finish()
        with disk.locked(self._at.lock(key)):
            disk.publish(spool.path, self._at.object(key))

    def parts(self, key: str) -> list[StoredPart]:
        """Parts that have arrived, by number."""
        return parts.stored(self._at.parts(key))

    def assemble(self, key: str, claims: Sequence[PartClaim]) -> None:
        """See the port. Copies without the lock, so that nobody waits for it: of two at once one is thrown away."""
        if self.size(key) is None:
            chosen = parts.chosen(self.parts(key), claims)
            self._concatenate(key, chosen)
        with disk.locked(self._at.lock(key)):
            trash = self._hide(self._at.parts(key))
        disk.remove(trash)

    def size(self, key: str) -> int | None:
        """Bytes of an object, None if absent."""
        try:
            return self._at.object(key).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def head(self, key: str, length: int) -> bytes:
        """The first bytes of an object."""
        try:
            with self._at.object(key).open("rb", buffering=0) as file:
                return file.read(length)
        except FileNotFoundError:
            raise absent() from None

    def fetch(self, key: str, to: Path) -> None:
        """Links or copies an object to `to`."""
        to.unlink(missing_ok=True)
        try:
            disk.link_or_copy(self._at.object(key), to)
        except FileNotFoundError:
            raise absent() from None

    def store_tree(self, prefix: str, root: Path, files: Mapping[str, int]) -> None:
        """Builds the tree aside, then gives it its name in one rename."""
        if len(files) > _TREE_FILES or not all(map(is_name, files)):
            raise ValueError("the tree has names that no key may have, or too many")
        place = self._at.object(prefix)
        aside = self._at.aside("tree")
        try:
            self._copy_tree(aside, root, files)
            with disk.locked(self._at.lock(prefix)):
                disk.make_folder(place.parent)
                trash = self._hide(place)
                aside.rename(place)
                disk.sync_folder(place.parent)
        finally:
            disk.remove(aside)
        disk.remove(trash)

    def delete_prefix(self, prefix: str) -> None:
        """Takes the names away at once and durably, then the bytes."""
        with disk.locked(self._at.lock(prefix)):
            trash = [self._hide(self._at.object(prefix)), self._hide(self._at.parts(prefix))]
        for path in trash:
            disk.remove(path)

    def seal(self, key: str) -> None:
        """Leaves the mark. Under the lock: whoever has checked it before has by now published."""
        mark = self._at.seal(key)
        with disk.locked(self._at.lock(key)):
            disk.make_folder(mark.parent)
            mark.touch(mode=0o600)
            disk.sync_folder(mark.parent)

    def sweep(self, now_ms: int, older_than_ms: int) -> int:
        """Removes leftovers and seals that have outlived every address."""
        removed = 0
        with os.scandir(self._at.tmp) as entries:
            for entry in entries:
                if entry.name.startswith("trash-") or _age_ms(Path(entry.path), now_ms) > older_than_ms:
                    disk.remove(Path(entry.path))
                    removed += 1
        for folder, _, names in os.walk(self._at.seals):
            for name in names:
                mark = Path(folder, name)
                key = mark.relative_to(self._at.seals).as_posix()
                if self.size(key) is None and _age_ms(mark, now_ms) > SEAL_KEPT_MS:
                    mark.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _concatenate(self, key: str, chosen: Sequence[StoredPart]) -> None:
        spool = self.begin(sum(part.size_bytes for part in chosen))
        try:
            for part in chosen:
                if not parts.append(spool, self._at.part(key, part.number), part):
                    if self.size(key) is not None:  # another assembly was faster and has removed the parts
                        return
                    detail = f"Part {part.number} was sent again meanwhile."
                    raise Invalid("/parts", "part_changed", detail)
            spool.finish()
            with disk.locked(self._at.lock(key)):
                if self.size(key) is None:
                    disk.publish(spool.path, self._at.object(key))
        finally:
            spool.discard()

    def _copy_tree(self, aside: Path, root: Path, files: Mapping[str, int]) -> None:
        aside.mkdir(mode=disk.PRIVATE)
        folders = {aside}
        for name, size_bytes in files.items():
            to = aside / name
            if to.parent not in folders:
                to.parent.mkdir(mode=disk.PRIVATE, parents=True, exist_ok=True)
                folders.update(above for above in to.parents if above.is_relative_to(aside))
            if not disk.adopt(root / name, size_bytes, to):
                raise Invalid(f"/{name}", "size_mismatch", f"{name} is not a file of {size_bytes} bytes.")
        for folder in folders:
            disk.sync_folder(folder)

    def _hide(self, path: Path) -> Path:
        """Renames what may be there out of sight; under the lock, so that nobody builds on it meanwhile."""
        trash = self._at.aside("trash")
        disk.move_away(path, trash)
        return trash


def absent() -> NotFound:
    return NotFound("There is no such object.")


def _age_ms(path: Path, now_ms: int) -> int:
    """Since the last write; nothing for what has just gone."""
    try:
        return now_ms - path.lstat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return -1
