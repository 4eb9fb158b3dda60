"""Typed views of what callers pass: the buffer rules that the compiled kernels enforce, for their twins."""

from array import array
from typing import TypeAlias

Column: TypeAlias = "array[int] | memoryview"

ID_BYTES = 30  # a prefix of four characters and 26 of Crockford base32


def int64s(values: Column) -> memoryview:
    """A view of contiguous native int64 items. ValueError for another item type, TypeError for no buffer at all."""
    return _typed(values, "lq", 8)


def uint32s(values: Column) -> memoryview:
    """A view of contiguous native uint32 items. ValueError for another item type, TypeError for no buffer at all."""
    return _typed(values, "IL", 4)


def _typed(values: Column, formats: str, item_bytes: int) -> memoryview:
    view = memoryview(values)
    if view.format not in formats or view.itemsize != item_bytes or view.ndim != 1:
        raise ValueError(f"expected contiguous items of {item_bytes} bytes, one of the formats {formats}")
    if not view.c_contiguous:
        raise BufferError("memoryview: underlying buffer is not C-contiguous")
    return view
