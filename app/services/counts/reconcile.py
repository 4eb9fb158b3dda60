"""Compares every count of every store with the truth. A repair writes one line to the log for each count it moves."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from app.cards.hydrate import Hydrator
from app.core.metrics import DRIFT
from app.ports.activity import Activity
from app.ports.counts import PAGE, Copies, Copy, Counts, Drift, Received
from app.ports.reactions import ReactionCounts, Reactions

log = logging.getLogger(__name__)

PAGES: Final = 1_000_000  # of one kind: half a billion entities
BATCH: Final = 200
_NO_REACTIONS: Final = ReactionCounts()


class Report(msgspec.Struct):
    """One kind: entities `compared`, how many `drifted`, and how many were `repaired`."""

    kind: str
    compared: int = 0
    drifted: int = 0
    repaired: int = 0


class Reconciler:
    """Walks all kinds, one page at a time."""

    def __init__(
        self,
        keepers: Sequence[Counts],
        received: Received,
        copies: Copies,
        reactions: Reactions,
        activity: Activity,
        hydrator: Hydrator,
    ) -> None:
        self._keepers = keepers
        self._received = received
        self._copies = copies
        self._reactions = reactions
        self._activity = activity
        self._hydrator = hydrator

    async def publish(self) -> None:
        """Compares everything and shows the drift as metrics: the tick."""
        async for _ in self.run(repair=False):
            pass

    async def run(self, *, repair: bool) -> AsyncIterator[Report]:
        """A report a kind, the truths before their copies."""
        for keeper in self._keepers:
            for kind in keeper.kinds:
                yield _shown(await self._kind(keeper, kind, repair))
        yield _shown(await self._likes_received(repair))
        yield _shown(await self._all_copies(repair))

    async def _kind(self, keeper: Counts, kind: str, repair: bool) -> Report:
        report, after = Report(kind), ""
        for _ in range(PAGES):
            page = await keeper.reconcile(kind, after, PAGE, repair=repair)
            report.compared += page.compared
            _note(report, page.drifts, repair)
            if page.after is None:
                break
            after = page.after
        return report

    async def _likes_received(self, repair: bool) -> Report:
        report, after = Report("likes_received"), ""
        for _ in range(PAGES):
            videos = await self._copies.authors(after, BATCH)
            report.compared += len(videos)
            if not videos:
                break
            _note(report, await self._received.reconcile_received(videos, repair=repair), repair)
            after = max(videos)
        return report

    async def _all_copies(self, repair: bool) -> Report:
        report, after = Report("copies"), ""
        for _ in range(PAGES):
            copies = await self._copies.copies(after, BATCH)
            if not copies:
                break
            report.compared += len(copies)
            changed = set()
            for copy, exact in await self._differing(copies):
                report.drifted += 1
                if repair and await self._copies.put_copy(exact, copy.version):
                    report.repaired += 1
                    changed.add(copy.video_id)
                    _audit("copies", f"{copy.video_id}/{copy.group}", copy.numbers, exact.numbers)
            if changed:
                await self._hydrator.rebuild(sorted(changed))
            after = copies[-1].video_id
        return report

    async def _differing(self, copies: list[Copy]) -> list[tuple[Copy, Copy]]:
        video_ids = list(dict.fromkeys(copy.video_id for copy in copies))
        reactions = await self._reactions.counts(video_ids)
        views = await self._activity.view_counts(video_ids)
        differing = []
        for copy in copies:
            if copy.group == "views":
                n, version = views.get(copy.video_id, (0, 0))
                numbers = {"views": n}
            else:
                total = reactions.get(copy.video_id, _NO_REACTIONS)
                version = total.version
                numbers = {name: getattr(total, name) for name in ("likes", "comments", "shares", "saves")}
            if numbers != {name: copy.numbers.get(name, 0) for name in numbers}:
                differing.append((copy, Copy(copy.video_id, copy.group, version, numbers)))
        return differing


def _note(report: Report, drifts: Sequence[Drift], repair: bool) -> None:
    report.drifted += len(drifts)
    if repair:
        report.repaired += len(drifts)
        for drift in drifts:
            _audit(report.kind, drift.subject, drift.stored, drift.truth)


def _audit(kind: str, subject: str, stored: object, truth: object) -> None:
    log.warning("count repaired", extra={"kind": kind, "subject": subject, "stored": stored, "truth": truth})


def _shown(report: Report) -> Report:
    DRIFT.labels(report.kind).set(report.drifted - report.repaired)
    return report
