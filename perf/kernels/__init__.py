"""One benchmark a file: each opens by saying what it measures, on what input, against what."""

import random
from collections.abc import Callable

from perf.cases import Case
from perf.kernels import fanout, merge, pages, seen, splice, trending
from perf.native import References

SEED = 20_260_101

BUILDERS: dict[str, Callable[[References, random.Random], Case]] = {
    "merge": merge.case,
    "trending": trending.case,
    "trending-ties": trending.ties_case,
    "fanout": fanout.case,
    "fanout-pages": fanout.pages_case,
    "splice": splice.case,
    "seen": seen.contains_case,
    "seen-add": seen.add_case,
    "visibility": pages.visibility_case,
    "page": pages.page_case,
}


def build(name: str, references: References) -> Case:
    """The figure `name` at its full size, from a seed of its own: alone or among others it gets the same input."""
    return BUILDERS[name](references, random.Random(f"{SEED} {name}"))
