"""Settings → adapters: every store this process talks to, opened once and closed in reverse order."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import msgspec

from app.adapters.ffmpeg.media import FfmpegMedia
from app.adapters.files.blobs import FileBlobs
from app.adapters.files.secrets import KeyFolder, server_secret
from app.adapters.postgres.accounts import PostgresAccounts
from app.adapters.postgres.activity import PostgresActivity
from app.adapters.postgres.comments import PostgresComments
from app.adapters.postgres.deadletters import PostgresDeadLetters
from app.adapters.postgres.graph import PostgresGraph
from app.adapters.postgres.jobs import PostgresJobs
from app.adapters.postgres.ledger import PostgresLedger
from app.adapters.postgres.musics import PostgresMusics
from app.adapters.postgres.outbox import PostgresOutbox
from app.adapters.postgres.pool import connection, open_pool
from app.adapters.postgres.positions import PostgresPositions
from app.adapters.postgres.progress import PostgresProgress
from app.adapters.postgres.reactions import PostgresReactions
from app.adapters.postgres.reconcile_activity import PostgresViewCounts
from app.adapters.postgres.reconcile_social import PostgresCommentCounts, PostgresSocialCounts
from app.adapters.postgres.reconcile_video import PostgresVideoCounts
from app.adapters.postgres.suspensions import PostgresSuspensions
from app.adapters.postgres.tiers import PostgresTiers
from app.adapters.postgres.users import PostgresUsers
from app.adapters.postgres.videos import PostgresVideos
from app.adapters.redis.active import RedisActiveUsers
from app.adapters.redis.builds import RedisBuilds
from app.adapters.redis.bus import TIMEOUT_S as BUS_TIMEOUT_S
from app.adapters.redis.bus import RedisBus
from app.adapters.redis.cards import RedisCards
from app.adapters.redis.client import RedisClient
from app.adapters.redis.exploration import RedisExploration
from app.adapters.redis.feeds import RedisFeeds
from app.adapters.redis.hot import RedisHotPages
from app.adapters.redis.limiter import RedisLimiter
from app.adapters.redis.near import NearCards
from app.adapters.redis.pipe import Pipe
from app.adapters.redis.seen import RedisSeen
from app.adapters.redis.sessions import RedisSessions
from app.adapters.redis.thin import ThinClient
from app.adapters.redis.tracking import RedisTracking
from app.adapters.redis.trending import RedisTrendingLists
from app.adapters.redis.viewers import RedisViewers
from app.core.config import ConfigError, Settings
from app.core.metrics import Sample
from app.http.operations import Check
from app.ports.media import SandboxReport

KEEP_FREE_BYTES = 256 * 2**20  # of the disk, for the stores that share it with the uploads
POOL_SIZE = 10  # connections a process holds at most to one PostgreSQL
BUS_CONNECTIONS = 256  # groups × topics × partitions, with room


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """One field a port; `checks` asks each server whether it answers."""

    videos: PostgresVideos
    musics: PostgresMusics
    users: PostgresUsers
    accounts: PostgresAccounts
    suspensions: PostgresSuspensions
    graph: PostgresGraph
    tiers: PostgresTiers
    reactions: PostgresReactions
    comments: PostgresComments
    activity: PostgresActivity
    ledger: PostgresLedger
    social_counts: PostgresSocialCounts
    comment_counts: PostgresCommentCounts
    video_counts: PostgresVideoCounts
    view_counts: PostgresViewCounts
    jobs: PostgresJobs
    outboxes: tuple[PostgresOutbox, ...]
    positions: PostgresPositions
    dead_letters: PostgresDeadLetters
    progress: PostgresProgress
    feeds: RedisFeeds
    builds: RedisBuilds
    seen: RedisSeen
    exploration: RedisExploration
    active: RedisActiveUsers
    invalidations: RedisTracking
    cards: NearCards
    viewers: RedisViewers
    trending: RedisTrendingLists
    limiter: RedisLimiter
    sessions: RedisSessions
    hot_pages: RedisHotPages
    bus: RedisBus
    blobs: FileBlobs
    blob_root: Path
    media: FfmpegMedia
    work_root: Path
    secret: bytes
    keys: KeyFolder
    owner: str
    checks: dict[str, Check]
    versions: Callable[[], Awaitable[dict[str, str]]]


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """Connects to everything the settings name; raises Unavailable if a server is not there."""
    async with AsyncExitStack() as stack:

        async def pool(url: str) -> Any:
            opened = await open_pool(url, size=POOL_SIZE)
            stack.push_async_callback(opened.close)
            return opened

        async def pipe(url: str, *, whole_arrays: bool) -> Pipe:
            opened = Pipe(url, whole_arrays=whole_arrays)
            stack.push_async_callback(opened.aclose)
            await opened.start()
            return opened

        async def client(url: str) -> RedisClient:
            opened = ThinClient(url, await pipe(url, whole_arrays=False))
            stack.push_async_callback(opened.aclose)
            return opened

        pools = {url: await pool(url) for url in {settings.database_url, settings.videos_url, settings.activity_url}}
        urls = {settings.feed_cache_url, settings.video_cache_url, settings.trending_cache_url}
        clients = {url: await client(url) for url in urls | {settings.redis_url}}
        # Each waiting reader of the bus holds a connection, and waits longer than any other command may take.
        bus = RedisClient(settings.bus_url, connections=BUS_CONNECTIONS, timeout_s=BUS_TIMEOUT_S)
        stack.push_async_callback(bus.aclose)
        pipes = {url: await pipe(url, whole_arrays=True) for url in {settings.redis_url, settings.feed_cache_url}}
        media = await asyncio.to_thread(
            FfmpegMedia, ffmpeg=settings.ffmpeg
        )  # tries its sandboxes, which takes up to a second
        refuse_weak_sandbox(settings, media.sandbox())
        stores = assemble(settings, pools, clients, pipes, bus, media)
        stack.callback(stores.blobs.close)
        stack.push_async_callback(stores.invalidations.aclose)
        await stores.invalidations.start()
        yield stores


def refuse_weak_sandbox(settings: Settings, report: SandboxReport) -> None:
    """ConfigError in production if what strangers upload would not be confined."""
    if settings.env == "production" and report.warning is not None:
        raise ConfigError(f"KINORA_ENV=production needs a stronger sandbox. {report.warning}")


def assemble(
    settings: Settings,
    pools: dict[str, Any],
    clients: dict[str, RedisClient],
    pipes: dict[str, Pipe],
    bus: RedisClient,
    media: FfmpegMedia,
) -> Stores:
    """The adapters over opened connections, one pool or client a URL."""
    social, video, activity = (
        pools[url] for url in (settings.database_url, settings.videos_url, settings.activity_url)
    )
    common = clients[settings.redis_url]
    limiter = RedisLimiter(common, processes=settings.api_processes + (settings.edge_port > 0))
    invalidations = RedisTracking(settings.video_cache_url)
    secret = server_secret(settings.data.secrets)
    work_root = settings.data.work
    work_root.mkdir(parents=True, exist_ok=True)
    blob_root = Path(unquote(urlparse(settings.blobs_url).path))
    return Stores(
        videos=PostgresVideos(video),
        musics=PostgresMusics(video),
        users=PostgresUsers(social),
        accounts=PostgresAccounts(social),
        suspensions=PostgresSuspensions(social),
        graph=PostgresGraph(social),
        tiers=PostgresTiers(social),
        reactions=PostgresReactions(social),
        comments=PostgresComments(social),
        activity=PostgresActivity(activity),
        ledger=PostgresLedger(activity),
        social_counts=PostgresSocialCounts(social),
        comment_counts=PostgresCommentCounts(social),
        video_counts=PostgresVideoCounts(video),
        view_counts=PostgresViewCounts(activity),
        jobs=PostgresJobs(social),
        outboxes=(
            PostgresOutbox(social, "social"),
            PostgresOutbox(video, "video"),
            PostgresOutbox(activity, "activity"),
        ),
        positions=PostgresPositions(social),
        dead_letters=PostgresDeadLetters(social),
        progress=PostgresProgress(social),
        feeds=RedisFeeds(clients[settings.feed_cache_url]),
        builds=RedisBuilds(clients[settings.feed_cache_url]),
        seen=RedisSeen(clients[settings.feed_cache_url]),
        exploration=RedisExploration(clients[settings.feed_cache_url]),
        active=RedisActiveUsers(clients[settings.feed_cache_url]),
        invalidations=invalidations,
        cards=NearCards(RedisCards(clients[settings.video_cache_url]), invalidations, settings.card_cache_bytes),
        viewers=RedisViewers(clients[settings.feed_cache_url]),
        trending=RedisTrendingLists(clients[settings.trending_cache_url]),
        limiter=limiter,
        sessions=RedisSessions(common),
        hot_pages=RedisHotPages(pipes[settings.redis_url], pipes[settings.feed_cache_url], limiter),
        bus=RedisBus(bus),
        blobs=FileBlobs(blob_root, secret, keep_free_bytes=KEEP_FREE_BYTES),
        blob_root=blob_root,
        media=media,
        work_root=work_root,
        secret=secret,
        keys=KeyFolder(settings.data.secrets / "keys"),
        owner=f"{os.uname().nodename}-{os.getpid()}",
        checks={"postgresql": lambda: _ask_postgres(social), "redis": lambda: _ask_redis(common)},
        versions=lambda: _versions(social, common),
    )


def depths(stores: Stores) -> Sample:
    """Queue depths for the metrics."""

    async def sample() -> dict[str, float]:
        backlogs = {f"outbox-{outbox.origin}": float(await outbox.backlog()) for outbox in stores.outboxes}
        dead = float(len(await stores.dead_letters.all(1000)))
        return backlogs | {
            "transcode": float(await stores.jobs.depth("transcode")),
            "dead-letters": dead,
        }

    return sample


async def _ask_postgres(pool: Any) -> None:
    async with connection(pool) as borrowed:
        await borrowed.execute("SELECT 1")


async def _ask_redis(client: RedisClient) -> None:
    await client.call("PING")


async def _versions(pool: Any, client: RedisClient) -> dict[str, str]:
    async with connection(pool) as borrowed:
        postgres = await borrowed.fetchval("SHOW server_version")
    info = (await client.call("INFO", "server")).decode()
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    name, version = fields.get("server_name", "redis"), fields.get("valkey_version", fields["redis_version"])
    return {"postgresql": postgres, "redis": f"{name} {version}"}
