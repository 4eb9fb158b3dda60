"""What left a limit's window: entries of its log, as the commands that forget them."""

import re

from hotpath.pure.rows import texts
from hotpath.pure.templates import Template

_STAMP = re.compile(rb"[0-9]{16}")


def overdue(reply: bytes, edge_us: int, forget: Template, user_id: bytes) -> tuple[int, bytes] | None:
    """How many of these entries are not later than the edge, and `forget` for each, filled with its 16 digits and the
    user's id: none while the last one, the oldest, is later. None where an entry is no time of 16 digits.

    `reply` is a whole reply, as `hotpath.resp.Parser` gives it with `whole_arrays`. Raises ValueError for what is no
    flat list, and for a template that wants more.
    """
    entries = texts(reply)
    if not all(_STAMP.fullmatch(entry) for entry in entries):
        return None
    if not entries or int(entries[-1]) > edge_us:
        return 0, b""
    gone = [entry for entry in entries if int(entry) <= edge_us]
    return len(gone), b"".join(forget.fill([entry, user_id]) for entry in gone)
