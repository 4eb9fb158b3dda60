"""From candidate lists to one order, by the kernels. Pure."""

from array import array
from collections.abc import Sequence
from itertools import accumulate

from hotpath import merge, order

Entry = tuple[int, str]  # (score, video id)


def newest(lists: Sequence[Sequence[Entry]], limit: int) -> list[Entry]:
    """The newest distinct videos of several lists, each sorted by (score desc, id desc)."""
    entries = [entry for each in lists for entry in each]
    scores = array("q", (score for score, _ in entries))
    ids = "".join(video_id for _, video_id in entries).encode("ascii")
    offsets = array("q", accumulate((len(each) for each in lists), initial=0))
    return [entries[position] for position in merge.merge(scores, ids, offsets, limit)]


def interleave(sources: Sequence[tuple[Sequence[str], int]], limit: int) -> list[str]:
    """Distinct ids drawn from ordered sources in proportion to their weights, from 1 to 1000.

    The n-th id of a source of weight w stands at n / w. Equal places go to the larger id, which is the newer video.
    """
    return order.blend([ids for ids, _ in sources], [weight for _, weight in sources], limit)
