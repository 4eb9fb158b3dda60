"""Which workers there are: handlers by consumer group, ticks by interval, and the transcoder."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

from app import features
from app.core.clock import DAY_MS, HOUR_MS, Clock, system_ms
from app.core.config import Settings
from app.core.events import FEED_UPDATE, USER_INTERACTION, VIDEO_UPLOADED, Event
from app.services.auth.handlers import SessionHandler
from app.services.counts.reconcile import Reconciler
from app.services.feed.active import CountActive, NoteInteractions
from app.services.feed.circles import KeepFollowing, SettleTiers
from app.services.feed.explore import AdmitNew
from app.services.feed.fanout import FanOut
from app.services.feed.handlers import CountTrending
from app.services.feed.seen import NoteImpressions
from app.services.feed.suspended import KeepSuspended
from app.services.social.handlers import CopyCounts, ForgetViewers, TotalLikes
from app.services.video.actions import TRANSCODE
from app.services.video.handlers import Moderate, QueueTranscode, RemoveFiles, RenewCards, Sweeps
from app.services.video.processing import Processor
from app.stores import Stores
from app.work.consumer import Consumer
from app.work.relay import Relay
from app.work.ticks import Tick, Ticks

log = logging.getLogger(__name__)

Run = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
Handle = Callable[[Sequence[Event]], Awaitable[None]]

STALE_UPLOAD_MS: Final = 2 * HOUR_MS
CONTRIBUTIONS_KEPT_MS: Final = 90 * DAY_MS  # as long as the facts they come from


def handlers(
    stores: Stores, built: features.Features, clock: Clock = system_ms
) -> list[tuple[str, tuple[str, ...], Handle]]:
    """(group, topics, handler) of everything that follows from events."""
    counts = CopyCounts(stores.reactions, stores.activity, stores.videos, built.hydrator)
    fan_out = _fan_out(stores, built, clock)
    keep_suspended = KeepSuspended(
        stores.feeds, stores.graph, stores.videos, stores.users, stores.tiers, stores.progress, clock
    )
    keep_following = KeepFollowing(stores.feeds, stores.graph, stores.videos, clock)
    count_trending = CountTrending(stores.ledger, stores.videos, built.trusted_after_ms, clock)
    return [
        (QueueTranscode.GROUP, (VIDEO_UPLOADED,), QueueTranscode(stores.jobs, clock)),
        (Moderate.GROUP, (VIDEO_UPLOADED,), Moderate(stores.videos, clock)),
        (RenewCards.GROUP, (FEED_UPDATE,), RenewCards(built.hydrator, built.author_cards, stores.progress)),
        (RemoveFiles.GROUP, (FEED_UPDATE,), RemoveFiles(stores.blobs, stores.jobs)),
        (FanOut.GROUP, (FEED_UPDATE,), fan_out),
        (KeepSuspended.GROUP, (FEED_UPDATE,), keep_suspended),
        (AdmitNew.GROUP, (FEED_UPDATE,), AdmitNew(stores.exploration)),
        (NoteImpressions.GROUP, (USER_INTERACTION,), NoteImpressions(stores.seen, clock)),
        (KeepFollowing.GROUP, (USER_INTERACTION,), keep_following),
        (SettleTiers.GROUP, (USER_INTERACTION,), SettleTiers(built.tiering)),
        (NoteInteractions.GROUP, (USER_INTERACTION,), NoteInteractions(stores.activity)),
        (CountTrending.GROUP, (USER_INTERACTION,), count_trending),
        (CopyCounts.GROUP, (USER_INTERACTION,), counts),
        (TotalLikes.GROUP, (USER_INTERACTION,), TotalLikes(stores.reactions)),
        (ForgetViewers.GROUP, (USER_INTERACTION,), ForgetViewers(stores.viewers)),
        (SessionHandler.GROUP, (USER_INTERACTION,), SessionHandler(stores.sessions)),
    ]


def ticks(stores: Stores, built: features.Features, processor: Processor) -> list[Tick]:
    """What happens by the clock, each on one process at a time."""
    sweeps = Sweeps(stores.videos, stores.jobs, system_ms)
    count_active = CountActive(stores.active, stores.activity, stores.accounts, stores.feeds, system_ms)
    return [
        Tick("publish-due", 5, sweeps.publish_due),
        Tick("queue-lost", 30, sweeps.queue_lost),
        Tick("uploads", 15, built.uploads.sweep),
        Tick("active-users", 3600, count_active, limit_s=1800),
        Tick("fan-outs", 3600, lambda: _forgot(stores)),
        Tick("trending-counts", 2, lambda: _folded(stores)),
        Tick("long-fan-outs", 1, _fan_out(stores, built, system_ms).go_on, limit_s=20),
        Tick("trending", 20, built.board.make_all),
        Tick("activity", 3600, lambda: stores.activity.maintain(system_ms())),
        Tick("jobs", 3600, lambda: _pruned(stores)),
        Tick("blobs", 3600, lambda: _swept(stores)),
        Tick("work", 3600, processor.sweep),
        Tick("contributions", 3600, lambda: stores.ledger.prune(system_ms() - CONTRIBUTIONS_KEPT_MS)),
        Tick("reconcile", 3600, reconciler(stores, built).publish, limit_s=900),
    ]


def reconciler(stores: Stores, built: features.Features) -> Reconciler:
    """Whoever compares all counts with the truth."""
    keepers = (stores.social_counts, stores.comment_counts, stores.video_counts, stores.view_counts)
    return Reconciler(
        keepers, stores.social_counts, stores.video_counts, stores.reactions, stores.activity, built.hydrator
    )


async def run(settings: Settings, stores: Stores, names: Sequence[str], stop: asyncio.Event) -> None:
    """Runs the named workers until `stop`; one that ends by itself ends all, with its reason."""
    built = features.build(settings, stores, system_ms)
    wanted = {name: start for name, start in all_workers(settings, stores, built).items() if not names or name in names}
    unknown = set(names) - set(wanted)
    if unknown:
        raise SystemExit(f"There is no worker named {', '.join(sorted(unknown))}.")
    tasks = [asyncio.create_task(start(stop), name=name) for name, start in wanted.items()]
    log.info("workers started", extra={"workers": sorted(wanted)})
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)


def all_workers(settings: Settings, stores: Stores, built: features.Features) -> dict[str, Run]:
    """Every worker by name."""
    followers = handlers(stores, built)
    readers = {group: topics for group, topics, _ in followers}
    relay = Relay(stores.outboxes, stores.bus, stores.positions, stores.dead_letters, stores.owner, readers=readers)
    processor = Processor(
        stores.videos,
        stores.users,
        stores.jobs,
        stores.blobs,
        stores.media,
        stores.work_root,
        stores.owner,
        settings.job_lease_ms,
        system_ms,
    )
    workers: dict[str, Run] = {
        "relay": relay.run,
        "ticks": Ticks(ticks(stores, built, processor), stores.positions, stores.owner).run,
        TRANSCODE: processor.run,
    }
    for group, topics, handle in followers:
        consumer = Consumer(group, topics, handle, stores.bus, stores.positions, stores.dead_letters, stores.owner)
        workers[group] = consumer.run
    return workers


def _fan_out(stores: Stores, built: features.Features, clock: Clock) -> FanOut:
    return FanOut(stores.feeds, stores.graph, stores.videos, stores.tiers, built.tiering, stores.active, clock)


async def _forgot(stores: Stores) -> None:
    # An event may come again as long as outboxes keep it: seven days.
    await stores.tiers.prune(system_ms() - 8 * DAY_MS, 100_000)
    await stores.progress.prune(system_ms() - 8 * DAY_MS, 100_000)


async def _folded(stores: Stores) -> None:
    await stores.ledger.fold()


async def _swept(stores: Stores) -> None:
    await stores.blobs.sweep(STALE_UPLOAD_MS)


async def _pruned(stores: Stores) -> None:
    # Twice as long as an outbox keeps the events that queue jobs.
    await stores.jobs.prune(system_ms() - 14 * DAY_MS, 10_000)
