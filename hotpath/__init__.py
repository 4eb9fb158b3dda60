"""Compiled kernels: the passes over many items that feeds, trending and fan-out make on every request or event.

    from hotpath import cards, choice, clocks, dice, door, fanout, hits, merge, notes, order, overdue
    from hotpath import pages, queue, readers, reads, records, resp, rows, seals, seen, shelf, sliding, templates
    from hotpath import trending

Each is one C extension with a plain twin in `hotpath.pure` that gives its meaning. `KINORA_PURE=1` in the environment
swaps the twins in, under the same names: `from hotpath.shelf import Entry` finds the twin's too. A missing extension is
an error, never a silent fallback: the twins are 8 to 800 times slower, which would look like an overload and not like a
broken build.
"""

import os
import sys
from typing import TYPE_CHECKING

PURE = os.environ.get("KINORA_PURE") == "1"

if PURE and not TYPE_CHECKING:
    from hotpath.pure import (
        cards,
        choice,
        clocks,
        dice,
        door,
        fanout,
        hits,
        merge,
        notes,
        order,
        overdue,
        pages,
        queue,
        readers,
        reads,
        records,
        resp,
        rows,
        seals,
        seen,
        shelf,
        sliding,
        templates,
        trending,
    )
else:
    try:
        from hotpath import (
            cards,
            choice,
            clocks,
            dice,
            door,
            fanout,
            hits,
            merge,
            notes,
            order,
            overdue,
            pages,
            queue,
            readers,
            reads,
            records,
            resp,
            rows,
            seals,
            seen,
            shelf,
            sliding,
            templates,
            trending,
        )
    except ImportError as error:
        raise ImportError(
            "the compiled kernels of hotpath are missing: run `python setup.py build_ext --inplace`, "
            "or set KINORA_PURE=1 to run on the slow pure-Python twins"
        ) from error

__all__ = [
    "cards",
    "choice",
    "clocks",
    "dice",
    "door",
    "fanout",
    "hits",
    "merge",
    "notes",
    "order",
    "overdue",
    "pages",
    "queue",
    "readers",
    "reads",
    "records",
    "resp",
    "rows",
    "seals",
    "seen",
    "shelf",
    "sliding",
    "templates",
    "trending",
]

if PURE:
    # Else the first import of a name from a kernel would load the extension, whose objects no twin takes.
    sys.modules.update({f"{__name__}.{name}": globals()[name] for name in __all__})
