"""The arithmetic of an upload: its parts, what it must look like, whether what arrived is what was announced."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from app.core.errors import FieldError, Invalid
from app.ports.blobs import Part, PartClaim

PARTS_OVER_BYTES: Final = 16 * 2**20  # up to here one PUT is all there is
SNIFF_BYTES: Final = 64

VideoType = Literal["video/mp4", "video/quicktime", "video/x-msvideo"]

# Brands of ISO base media files that hold pictures or sound alone (registry: mp4ra.org).
_NOT_VIDEO: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"M4A ", b"M4B ", b"crx "})
# QuickTime files from before `ftyp` begin with one of these atoms.
_OLD_QUICKTIME: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


class PartPlan(msgspec.Struct, frozen=True):
    """How a file is cut: `count` parts of `part_size_bytes`, the last one shorter."""

    size_bytes: int
    part_size_bytes: int
    count: int

    def size_of(self, number: int) -> int:
        """Bytes of part `number`, from 1 to `count`."""
        if not 1 <= number <= self.count:
            raise ValueError(f"part {number} of {self.count}")
        return min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes)


def part_plan(size_bytes: int, part_size_bytes: int) -> PartPlan | None:
    """The parts of a file, None where it is small enough for one PUT alone."""
    if size_bytes <= PARTS_OVER_BYTES:
        return None
    return PartPlan(size_bytes, part_size_bytes, -(-size_bytes // part_size_bytes))


def missing_parts(plan: PartPlan, arrived: Sequence[Part]) -> list[int]:
    """Numbers of the parts that are yet to come, those of a wrong size included."""
    sizes = {part.number: part.size_bytes for part in arrived}
    return [number for number in range(1, plan.count + 1) if sizes.get(number) != plan.size_of(number)]


def check_claims(plan: PartPlan, claims: Sequence[PartClaim], arrived: Sequence[Part]) -> None:
    """Invalid unless the client claims every part once, in order, and each has arrived whole."""
    numbers = [claim.number for claim in claims]
    if numbers != list(range(1, plan.count + 1)):
        detail = f"Name each of the {plan.count} parts once, in rising order."
        raise Invalid("/parts", "part_order", detail)
    missing = missing_parts(plan, arrived)
    if missing:
        faults = [_missing(number) for number in missing[:20]]
        raise Invalid(faults[0].pointer, faults[0].code, faults[0].detail, *faults[1:])


def check_size(declared_bytes: int, actual_bytes: int) -> None:
    """Invalid unless the object is as long as was announced."""
    if actual_bytes != declared_bytes:
        detail = f"The file has {actual_bytes} bytes, {declared_bytes} were announced."
        raise Invalid("/file_size_bytes", "size_mismatch", detail)


def check_type(head: bytes) -> VideoType:
    """The type that the first bytes prove; Invalid if they are no MP4, MOV or AVI. It corrects the declared one:
    clients guess types from file names, and the worker picks its demuxer by this one."""
    found = sniff(head)
    if found is None:
        raise Invalid("/content_type", "unsupported", "The file is not an MP4, MOV or AVI video.")
    return found


def sniff(head: bytes) -> VideoType | None:
    """The container that a file's first `SNIFF_BYTES` bytes show.

    ISO/IEC 14496-12 §4.3 (`ftyp`), QuickTime File Format (atoms), RIFF (`AVI `).
    """
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    kind = head[4:8]
    if kind == b"ftyp" and len(head) >= 12:
        brand = head[8:12]
        if brand in _NOT_VIDEO:
            return None
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    return "video/quicktime" if kind in _OLD_QUICKTIME else None


def _missing(number: int) -> FieldError:
    return FieldError(f"/parts/{number - 1}", "part_missing", f"Part {number} has not arrived.")
