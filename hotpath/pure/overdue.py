"""What left a limit's window: entries of its log, as the commands that forget them."""

import re

from hotpath.pure.rows import texts
from hotpath.pure.templates import Template

_STAMP = re.compile(rb"[0-9]{16}")


def overdue(reply: bytes, stamp_us: int, window_us: int, forget: Template, user_id: bytes) -> tuple[int, bytes] | None:
    """How many of these entries are older than the window that ends at `stamp_us`, or later than one that begins there,
    which can't be true; and `forget` for each, filled with its 16 digits and the user's id. None of them while the last
    one, the oldest, is neither. None where an entry is no time of 16 digits.

    `reply` is a whole reply, as `hotpath.resp.Parser` gives it with `whole_arrays`. Raises ValueError for what is no
    flat list, and for a template that wants more.
    """
    entries = texts(reply)
    if not all(_STAMP.fullmatch(entry) for entry in entries):
        return None
    gone = [entry for entry in entries if not -window_us < int(entry) - stamp_us <= window_us]
    if not gone or gone[-1] != entries[-1]:
        return 0, b""
    return len(gone), b"".join(forget.fill([entry, user_id]) for entry in gone)
