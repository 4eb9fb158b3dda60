"""What an operator asks of a running Kinora: is all well, which events failed, new keys."""

import sys
from argparse import Namespace

from app import features, workers
from app.adapters.ffmpeg.media import FfmpegMedia
from app.adapters.postgres import migrator
from app.adapters.postgres.migrations import MigrationError
from app.cards.hydrate import BATCH
from app.core.clock import system_ms
from app.core.config import Settings
from app.core.errors import Invalid, NotFound, Unavailable
from app.http.operations import check_all, product_version
from app.ports.media import MediaFailed
from app.services.feed.scores import Explainer, lines
from app.services.feed.tier_report import TierReport
from app.services.feed.tiers import Limits as TierLimits
from app.stores import Stores, open_stores

LETTERS = 1000


async def doctor(settings: Settings) -> int:
    """Names each part, its version and its health in words; 1 if any part is not well."""
    lines = [("kinora", f"{product_version()}, profile {settings.profile}, {settings.env}", True)]
    try:
        async with open_stores(settings) as stores:
            lines += await _servers(stores)
    except Unavailable as error:
        lines.append(("stores", error.detail, False))
    lines.append(await _schema(settings))
    lines.append(_media(settings))
    lines.append(_files(settings))
    lines.append(("virus scan", "none is configured: uploads are not scanned", True))
    for name, words, well in lines:
        print(f"{'ok ' if well else 'BAD'}  {name:<12} {words}")
    return 0 if all(well for _, _, well in lines) else 1


async def _servers(stores: Stores) -> list[tuple[str, str, bool]]:
    answers = await check_all(stores.checks)
    versions = await stores.versions() if all(answer == "ok" for answer in answers.values()) else {}
    return [(name, versions.get(name, answer), answer == "ok") for name, answer in answers.items()]


async def _schema(settings: Settings) -> tuple[str, str, bool]:
    try:
        states = await migrator.status(settings.migrator_database_url)
    except (OSError, Unavailable, MigrationError) as error:
        return ("schema", str(error), False)
    pending = [state.label for state in states if state.applied_at_ms is None]
    words = (
        f"{len(pending)} migrations wait: run `kinora migrate up`"
        if pending
        else f"{len(states)} migrations, all applied"
    )
    return ("schema", words, not pending)


def _media(settings: Settings) -> tuple[str, str, bool]:
    try:
        report = FfmpegMedia(ffmpeg=settings.ffmpeg).sandbox()
    except MediaFailed as error:
        return ("ffmpeg", str(error), False)
    words = f"{report.ffmpeg_version}, confined by {report.kind}"
    return (
        "ffmpeg",
        f"{words}; {report.warning}" if report.warning else words,
        not (report.warning and settings.env == "production"),
    )


def _files(settings: Settings) -> tuple[str, str, bool]:
    blobs = settings.data.blobs
    return ("objects", f"in {blobs}", blobs.is_dir())


async def deadletter(settings: Settings, arguments: Namespace) -> int:
    """Lists the events no handler could handle, or has them handled again by the running workers."""
    async with open_stores(settings) as stores:
        if arguments.action == "replay":
            print(f"{await stores.dead_letters.request_replay([])} will be handled again.")
            return 0
        for letter in await stores.dead_letters.all(LETTERS):
            print(letter.letter_id, letter.group, letter.event.type, letter.event.event_id, letter.error, sep="  ")
    return 0


async def reconcile(settings: Settings, arguments: Namespace) -> int:
    """Compares every count with the truth; with --repair puts the wrong ones right. 1 if some are left wrong."""
    left = 0
    async with open_stores(settings) as stores:
        everything = workers.reconciler(stores, features.build(settings, stores, system_ms))
        async for report in everything.run(repair=arguments.repair):
            words = f"{report.compared:>9} compared  {report.drifted:>6} drifted  {report.repaired:>6} repaired"
            print(f"{report.kind:<15} {words}")
            left += report.drifted - report.repaired
    return 1 if left else 0


async def tier(settings: Settings, arguments: Namespace) -> int:
    """Says in which tier a creator (an id or @name) is, and why; 1 if there is no such person."""
    async with open_stores(settings) as stores:
        report = TierReport(stores.tiers, stores.graph, stores.active, TierLimits.of(settings))
        try:
            user = await features.build(settings, stores, system_ms).people.find(arguments.user)
        except NotFound as error:
            print(error.detail, file=sys.stderr)
            return 1
        print(*await report.lines(user, system_ms()), sep="\n")
    return 0


async def suspend(settings: Settings, arguments: Namespace) -> int:
    """Suspends a person (an id or @name), or lifts that; 1 if there is no such person or the reason can't be kept."""
    async with open_stores(settings) as stores:
        built = features.build(settings, stores, system_ms)
        try:
            user = await built.people.find(arguments.user)
            renewed = CardsBar((await stores.videos.authors_counts([user.user_id])).get(user.user_id, 0))
            if arguments.lift:
                lifted = await built.suspensions.lift(user.user_id, renewed)
                print(f"@{user.username} is no longer suspended." if lifted else f"@{user.username} was not suspended.")
                return 0
            done = await built.suspensions.suspend(user.user_id, arguments.reason, renewed)
        except (NotFound, Invalid) as error:
            print(error.detail, file=sys.stderr)
            return 1
    ended = "was suspended before" if done.sessions is None else f"is suspended; sessions ended: {done.sessions}"
    later = "" if done.cards_renewed else "; the workers will hide the rest of their videos from lists"
    print(f"@{user.username} {ended}{later}.")
    return 0


class CardsBar:
    """How many of an author's cards are renewed, shown only where there are more than one piece."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0

    def __call__(self) -> None:
        self._done = min(self._done + BATCH, self._count)
        if self._count > BATCH:
            end = "\n" if self._done == self._count else ""
            print(f"\rCards renewed  {self._done}/{self._count}", end=end, file=sys.stderr, flush=True)


async def trending(settings: Settings, arguments: Namespace) -> int:
    """Prints the terms and the events behind a video's score, or takes an actor's part out of every list."""
    async with open_stores(settings) as stores:
        explainer = Explainer(stores.ledger, features.build(settings, stores, system_ms).board, system_ms)
        if arguments.action == "retract":
            taken = await explainer.retract(arguments.actor)
            print(f"{taken.events} events of {arguments.actor} taken out of {', '.join(taken.scopes) or 'no list'}.")
            return 0
        found = await explainer.explain(arguments.video, arguments.scope)
        if found is None:
            print(f"Nothing was ever counted for {arguments.video} in {arguments.scope}.", file=sys.stderr)
            return 1
        print("\n".join(lines(arguments.video, found)))
    return 0


async def keys_rotate(settings: Settings) -> int:
    """Adds a signing key; the one before it goes on verifying."""
    async with open_stores(settings) as stores:
        print(f"New tokens are signed with {stores.keys.rotate()}.", file=sys.stderr)
    return 0
