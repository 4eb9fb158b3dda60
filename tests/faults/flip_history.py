"""What is hidden from whom, as it was acknowledged, and whether an answer shows what it must not.

    writer    ├─ hide ─┤ack                 ├─ show again ─┤
    hidden             ├────────────────────┤
    answers      a ├──┤   b ├──┤  c ├───────────┤
                 may       must not  may          hold it

An answer is late if its request began after the acknowledgement (and the surface's grace), and it arrived before
anybody asked to show the video again. So only what is hidden at the moment of arrival matters: `History` keeps no more.
Times are seconds of one monotonic clock.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable

import msgspec

GRACE_S = {"video": 0.0, "like": 0.0, "comment": 0.0}  # whatever is not named is a list of videos
LIST_GRACE_S = 2.0


class Hidden(msgspec.Struct, frozen=True):
    """Videos that a number of readers may not see since an acknowledgement."""

    video_ids: frozenset[str]
    readers: frozenset[str]
    since_s: float


class Late(msgspec.Struct, frozen=True):
    """An answer that shows what was hidden `after_s` before it was asked for."""

    surface: str
    reader: str
    video_id: str
    after_s: float


class History:
    """One entry a target: whatever is flipped by one writer, one flip at a time."""

    def __init__(self) -> None:
        self.late: list[Late] = []
        self.judged: Counter[str] = Counter()  # by surface: pairs of an answer and a video that it had to leave out
        self.shown: Counter[str] = Counter()  # by surface: videos in answers
        self._by_video: defaultdict[str, dict[Hashable, Hidden]] = defaultdict(dict)
        self._before: defaultdict[tuple[str, str, str], set[str]] = defaultdict(
            set
        )  # what a surface showed a reader so far

    def hide(self, target: Hashable, video_ids: Iterable[str], readers: Iterable[str], acknowledged_s: float) -> None:
        """The flip was acknowledged."""
        hidden = Hidden(frozenset(video_ids), frozenset(readers), acknowledged_s)
        for video_id in hidden.video_ids:
            self._by_video[video_id][target] = hidden

    def reopen(self, target: Hashable, video_ids: Iterable[str]) -> None:
        """The next flip of the target is about to be asked for: from here on either answer is right."""
        for video_id in video_ids:
            self._by_video[video_id].pop(target, None)

    def answered(
        self,
        surface: str,
        reader: str,
        shown: Collection[str],
        began_s: float,
        *,
        asked: Iterable[str] | None = None,
        place: str = "",
    ) -> None:
        """Judges an answer that arrives now. `asked`: the videos it could have shown; for lists (None) those that it
        showed this reader before, at this `place` where a surface has several (profiles)."""
        grace_s = GRACE_S.get(surface, LIST_GRACE_S)
        before = self._before[surface, place, reader]
        for video_id in before.union(shown) if asked is None else asked:
            since_s = self._since(video_id, reader, began_s - grace_s)
            if since_s is None:
                continue
            self.judged[surface] += 1
            if video_id in shown:
                self.late.append(Late(surface, reader, video_id, began_s - since_s))
        self.shown[surface] += len(shown)
        before.update(shown)

    def _since(self, video_id: str, reader: str, until_s: float) -> float | None:
        """Since when the video is hidden from the reader, if that is not after `until_s`."""
        found = [hidden.since_s for hidden in self._by_video[video_id].values() if reader in hidden.readers]
        return min(found) if found and min(found) <= until_s else None
