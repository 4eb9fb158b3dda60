"""Settings: what the environment may say, read once into one frozen value.

`load` is pure: it takes the environment as a mapping and the current folder as text, touches neither disk nor
network, and fills every default, so that nothing else in Kinora reads a KINORA_* setting.

    ConfigError   one sentence for the operator, naming the variable that is wrong
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec

from app.core.datafolder import APP_ROLE, MIGRATOR_ROLE, DataFolder
from app.core.environ import ConfigError, Reader

__all__ = ["ConfigError", "Settings", "load"]

Profile = Literal["embedded", "scale"]
Env = Literal["development", "production"]
TrendingRule = Literal["documented", "velocity"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

PROFILES: tuple[Profile, ...] = ("embedded", "scale")
ENVS: tuple[Env, ...] = ("development", "production")
TRENDING_RULES: tuple[TrendingRule, ...] = ("documented", "velocity")
LOG_LEVELS: tuple[LogLevel, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")

MIB, GIB = 2**20, 2**30
HOUR_S, DAY_S = 3600, 86_400
ACCESS_TTL_S = 900  # of an access token
MAX_PER_WINDOW = 1_000_000  # requests; above it a limit limits nothing
MAX_FOLLOWERS = 10**9

# The schemes that have an adapter; a new adapter adds its own here.
SQL = ("postgresql", "postgres")
REDIS = ("redis", "rediss", "unix")
FILES = ("file",)

NEEDED_IN_SCALE = ("KINORA_PUBLIC_URL", "KINORA_DATABASE_URL", "KINORA_REDIS_URL", "KINORA_BLOBS_URL")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting of one process; folders are absolute and an unset URL already holds its default."""

    profile: Profile
    env: Env
    host: str  # as configured; what to listen on is `bind_host`
    port: int
    edge_port: int  # of the process in front that answers the hot reads; 0: there is none
    operator_port: int  # in production: metrics, readiness and the API's description, on the loopback only
    public_url: str  # scheme, host and port, no trailing slash
    data_dir: Path
    cache_dir: Path  # fetched things, safe to delete
    ffmpeg: Path | None  # None: the one in the wheel
    log_level: LogLevel
    api_processes: int

    embedded_postgres: bool  # `kinora run` starts PostgreSQL itself
    embedded_valkey: bool  # and Valkey
    database_url: str  # as the role that may not create, drop or alter
    migrator_database_url: str  # as the role that owns the schema
    redis_url: str
    feed_cache_url: str
    video_cache_url: str
    trending_cache_url: str
    bus_url: str
    videos_url: str
    activity_url: str
    search_url: str
    blobs_url: str
    warehouse_url: str

    card_cache_bytes: int  # cards that a process keeps in its own memory
    for_you_budget_ms: int  # what gathering and judging a For You may take

    quota_bytes: int  # uploads of one user
    upload_max_bytes: int
    upload_part_bytes: int
    upload_url_ttl_s: int
    upload_abandoned_after_s: int
    job_lease_ms: int  # a worker silent for so long has lost its job

    uploads_per_hour: int
    feeds_per_minute: int
    likes_per_hour: int
    comments_per_minute: int
    requests_per_minute: int  # every route that has no limit of its own

    access_ttl_max_s: int  # access tokens that live longer are refused; only a load test needs more than the usual

    tier_selective_at: int  # followers from which a video is pushed to active ones only
    tier_pull_at: int  # followers above which it is not pushed at all
    tier_hysteresis_percent: int  # so far below a limit a creator must fall to get back under it

    trending_rule: TrendingRule
    trending_trusted_after_s: int  # how old an account must be for what it does to weigh in `velocity`
    region_header: str | None  # lower case: in which a proxy says a visitor's country; None: nobody does

    @property
    def data(self) -> DataFolder:
        """The layout of the data folder."""
        return DataFolder(self.data_dir)

    @property
    def bind_host(self) -> str:
        """The address the API listens on: for `localhost` the IPv4 loopback, which every client tries."""
        return "127.0.0.1" if self.host == "localhost" else self.host


def load(environ: Mapping[str, str], cwd: str) -> Settings:
    """Settings from `environ`; relative folders count from `cwd`. Raises ConfigError at the first bad value."""
    read = Reader(environ)
    profile = read.choice("KINORA_PROFILE", PROFILES, "embedded")
    env = read.choice("KINORA_ENV", ENVS, "development")
    host = read.host("KINORA_HOST", "localhost")
    port = read.whole("KINORA_PORT", 8000, 1, 65_535)
    edge_port = read.whole("KINORA_EDGE_PORT", 0, 0, 65_535)
    if edge_port == port:
        raise ConfigError("KINORA_EDGE_PORT must be another than KINORA_PORT, which the application keeps.")
    data = DataFolder(read.folder("KINORA_DATA", "data", cwd))
    if profile == "scale":
        _demand(read, NEEDED_IN_SCALE)
    database_url = read.url("KINORA_DATABASE_URL", SQL, data.database_url(APP_ROLE))
    redis_url = read.url("KINORA_REDIS_URL", REDIS, data.redis_url())
    cache = "~/.cache/kinora" if read.text("HOME") else str(data.cache)
    selective_at = read.whole("KINORA_TIER_SELECTIVE_AT", 1000, 1, MAX_FOLLOWERS)
    return Settings(
        profile=profile,
        env=env,
        host=host,
        port=port,
        edge_port=edge_port,
        operator_port=read.whole("KINORA_OPERATOR_PORT", 8001, 1, 65_535),
        public_url=read.origin("KINORA_PUBLIC_URL", f"http://{_reachable(host)}:{edge_port or port}"),
        data_dir=data.root,
        ffmpeg=Path(ffmpeg) if (ffmpeg := read.text("KINORA_FFMPEG")) else None,
        cache_dir=read.folder("KINORA_CACHE", cache, cwd),
        log_level=read.choice("KINORA_LOG_LEVEL", LOG_LEVELS, "INFO"),
        api_processes=read.whole("KINORA_API_PROCESSES", 1, 1, 64),
        embedded_postgres=read.text("KINORA_DATABASE_URL") is None,
        embedded_valkey=read.text("KINORA_REDIS_URL") is None,
        database_url=database_url,
        migrator_database_url=_migrator_url(read, env, data, database_url),
        redis_url=redis_url,
        feed_cache_url=read.url("KINORA_FEED_CACHE_URL", REDIS, redis_url),
        video_cache_url=read.url("KINORA_VIDEO_CACHE_URL", REDIS, redis_url),
        trending_cache_url=read.url("KINORA_TRENDING_CACHE_URL", REDIS, redis_url),
        bus_url=read.url("KINORA_BUS_URL", REDIS, redis_url),
        videos_url=read.url("KINORA_VIDEOS_URL", SQL, database_url),
        activity_url=read.url("KINORA_ACTIVITY_URL", SQL, database_url),
        search_url=read.url("KINORA_SEARCH_URL", SQL, database_url),
        blobs_url=read.url("KINORA_BLOBS_URL", FILES, f"file://{quote(str(data.blobs))}"),
        warehouse_url=read.url("KINORA_WAREHOUSE_URL", FILES, f"file://{quote(str(data.warehouse))}"),
        card_cache_bytes=read.whole("KINORA_CARD_CACHE_BYTES", 64 * MIB, 0, 2**40),
        for_you_budget_ms=read.whole("KINORA_FOR_YOU_BUDGET_MS", 300, 10, 60_000),
        quota_bytes=read.whole("KINORA_QUOTA_BYTES", 20 * GIB, 1, 2**50),
        upload_max_bytes=read.whole("KINORA_UPLOAD_MAX_BYTES", 500 * MIB, 1, 500 * MIB),
        upload_part_bytes=read.whole("KINORA_UPLOAD_PART_BYTES", 8 * MIB, 5 * MIB, 64 * MIB),
        upload_url_ttl_s=read.whole("KINORA_UPLOAD_URL_TTL_S", HOUR_S, 1, DAY_S),
        upload_abandoned_after_s=read.whole("KINORA_UPLOAD_ABANDONED_AFTER_S", DAY_S, 1, 30 * DAY_S),
        job_lease_ms=read.whole("KINORA_JOB_LEASE_MS", 15_000, 1_000, 600_000),
        uploads_per_hour=read.whole("KINORA_UPLOADS_PER_HOUR", 10, 1, MAX_PER_WINDOW),
        feeds_per_minute=read.whole("KINORA_FEEDS_PER_MINUTE", 100, 1, MAX_PER_WINDOW),
        likes_per_hour=read.whole("KINORA_LIKES_PER_HOUR", 500, 1, MAX_PER_WINDOW),
        comments_per_minute=read.whole("KINORA_COMMENTS_PER_MINUTE", 20, 1, MAX_PER_WINDOW),
        requests_per_minute=read.whole("KINORA_REQUESTS_PER_MINUTE", 300, 1, MAX_PER_WINDOW),
        access_ttl_max_s=_access_ttl_max_s(read, env),
        tier_selective_at=selective_at,
        tier_pull_at=read.whole("KINORA_TIER_PULL_AT", max(10_000, selective_at), selective_at, MAX_FOLLOWERS),
        tier_hysteresis_percent=read.whole("KINORA_TIER_HYSTERESIS_PERCENT", 10, 0, 50),
        trending_rule=read.choice("KINORA_TRENDING_RULE", TRENDING_RULES, "documented"),
        trending_trusted_after_s=read.whole("KINORA_TRENDING_TRUSTED_AFTER_S", DAY_S, 0, 365 * DAY_S),
        region_header=read.field("KINORA_REGION_HEADER"),
    )


def _migrator_url(read: Reader, env: Env, data: DataFolder, database_url: str) -> str:
    """The schema owner's URL. A database of one's own may have one role for both, except in production."""
    name = "KINORA_MIGRATOR_DATABASE_URL"
    own_database = read.text("KINORA_DATABASE_URL") is not None
    if read.text(name) is not None and not own_database:
        raise ConfigError(f"{name} is set but KINORA_DATABASE_URL is not: set both or neither.")
    url = read.url(name, SQL, database_url if own_database else data.database_url(MIGRATOR_ROLE))
    if env == "production" and url == database_url:
        raise ConfigError(f"{name} must name another role than KINORA_DATABASE_URL in production.")
    return url


def _access_ttl_max_s(read: Reader, env: Env) -> int:
    """Tokens for a load test outlive it; a production never accepts one."""
    name = "KINORA_ACCESS_TTL_MAX_S"
    longest_s = read.whole(name, ACCESS_TTL_S, ACCESS_TTL_S, 7 * DAY_S)
    if env == "production" and longest_s != ACCESS_TTL_S:
        raise ConfigError(f"{name} is for load tests: in production it must be unset.")
    return longest_s


def _demand(read: Reader, names: tuple[str, ...]) -> None:
    missing = [name for name in names if read.text(name) is None]
    if missing:
        raise ConfigError(f"The scale profile needs {', '.join(missing)} to be set.")


def _reachable(host: str) -> str:
    """`host` as a browser on this machine would write it."""
    if host == "localhost":
        return host
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "localhost"
    return f"[{address}]" if address.version == 6 else str(address)
