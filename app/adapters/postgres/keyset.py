"""Bounds of paged and batched reads. An absent position becomes the bound past the list's start, so that a list has
one statement, whose index condition is always the whole key."""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.adapters.postgres.pool import to_time
from app.core.cursors import Keyset

BATCH = 200  # ids in one question

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


def newest_first(after: Keyset | None) -> tuple[datetime, str]:
    """For `(at, id) < ($1, $2) ORDER BY at DESC, id DESC`."""
    return (to_time(after.at), after.id) if after else (_LAST, "")


def oldest_first(after: Keyset | None) -> tuple[datetime, str]:
    """For `(at, id) > ($1, $2) ORDER BY at, id`."""
    return (to_time(after.at), after.id) if after else (_FIRST, "")


def batch(ids: Sequence[str]) -> list[str]:
    """The ids of one question; asking for more than BATCH is the caller's mistake and raises ValueError."""
    if len(ids) > BATCH:
        raise ValueError(f"{len(ids)} ids in one question, at most {BATCH} are answered")
    return list(ids)
