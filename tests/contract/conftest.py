"""One fixture a port, each on every adapter that serves it. A new adapter is a new parameter here."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from app.adapters.postgres.accounts import PostgresAccounts
from app.adapters.postgres.activity import PostgresActivity
from app.adapters.postgres.comments import PostgresComments
from app.adapters.postgres.deadletters import PostgresDeadLetters
from app.adapters.postgres.graph import PostgresGraph
from app.adapters.postgres.jobs import PostgresJobs
from app.adapters.postgres.ledger import PostgresLedger
from app.adapters.postgres.musics import PostgresMusics
from app.adapters.postgres.pool import open_pool
from app.adapters.postgres.positions import PostgresPositions
from app.adapters.postgres.progress import PostgresProgress
from app.adapters.postgres.reactions import PostgresReactions
from app.adapters.postgres.suspensions import PostgresSuspensions
from app.adapters.postgres.tiers import PostgresTiers
from app.adapters.postgres.users import PostgresUsers
from app.adapters.postgres.videos import PostgresVideos
from app.adapters.redis.client import RedisClient
from app.ports.accounts import Accounts
from app.ports.activity import Activity
from app.ports.comments import Comments
from app.ports.graph import Graph
from app.ports.jobs import Jobs
from app.ports.music import Musics
from app.ports.outbox import DeadLetters, Positions
from app.ports.progress import Progress
from app.ports.reactions import Reactions
from app.ports.suspensions import Suspensions
from app.ports.tiers import Tiers
from app.ports.trending import Ledger
from app.ports.users import Users
from app.ports.videos import Videos
from tests.contract.evidence import Evidence, PostgresEvidence


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """PostgreSQL as the application sees it."""
    pool = await open_pool(database_url, size=8, application_name="contract")
    yield pool
    await pool.close()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[RedisClient]:
    """Valkey, patient: a busy machine is no fault."""
    client = RedisClient(redis_url, timeout_s=5.0)
    yield client
    await client.aclose()


@pytest.fixture(scope="session", params=["postgres"])
def social_engine(request: pytest.FixtureRequest) -> str:
    """The engine behind the social store; every fixture below follows it."""
    return str(request.param)


@pytest.fixture
def users(social_engine: str, pool: asyncpg.Pool) -> Users:
    return {"postgres": PostgresUsers}[social_engine](pool)


@pytest.fixture
def accounts(social_engine: str, pool: asyncpg.Pool) -> Accounts:
    return {"postgres": PostgresAccounts}[social_engine](pool)


@pytest.fixture
def suspensions(social_engine: str, pool: asyncpg.Pool) -> Suspensions:
    return {"postgres": PostgresSuspensions}[social_engine](pool)


@pytest.fixture
def make_graph(social_engine: str, pool: asyncpg.Pool) -> Callable[[int], Graph]:
    """A graph in which nobody can follow more than so many."""
    return {"postgres": lambda limit: PostgresGraph(pool, edges_limit=limit)}[social_engine]


@pytest.fixture
def graph(make_graph: Callable[[int], Graph]) -> Graph:
    return make_graph(1_000)


@pytest.fixture
def reactions(social_engine: str, pool: asyncpg.Pool) -> Reactions:
    return {"postgres": PostgresReactions}[social_engine](pool)


@pytest.fixture
def comments(social_engine: str, pool: asyncpg.Pool) -> Comments:
    return {"postgres": PostgresComments}[social_engine](pool)


@pytest.fixture
def social(social_engine: str, pool: asyncpg.Pool, migrator_database_url: str) -> Evidence:
    """What the social store holds behind its ports."""
    return {"postgres": PostgresEvidence}[social_engine](pool, migrator_database_url, "social")


@pytest.fixture(scope="session", params=["postgres"])
def video_engine(request: pytest.FixtureRequest) -> str:
    """The engine behind the video store."""
    return str(request.param)


@pytest.fixture
def videos(video_engine: str, pool: asyncpg.Pool) -> Videos:
    return {"postgres": PostgresVideos}[video_engine](pool)


@pytest.fixture
def musics(video_engine: str, pool: asyncpg.Pool) -> Musics:
    return {"postgres": PostgresMusics}[video_engine](pool)


@pytest.fixture
def video_store(video_engine: str, pool: asyncpg.Pool, migrator_database_url: str) -> Evidence:
    """What the video store holds behind its ports."""
    return {"postgres": PostgresEvidence}[video_engine](pool, migrator_database_url, "video")


@pytest.fixture(scope="session", params=["postgres"])
def activity_engine(request: pytest.FixtureRequest) -> str:
    """The engine behind the activity store."""
    return str(request.param)


@pytest.fixture
def activity(activity_engine: str, pool: asyncpg.Pool) -> Activity:
    return {"postgres": PostgresActivity}[activity_engine](pool)


@pytest.fixture
def activity_store(activity_engine: str, pool: asyncpg.Pool, migrator_database_url: str) -> Evidence:
    """What the activity store holds behind its ports."""
    return {"postgres": PostgresEvidence}[activity_engine](pool, migrator_database_url, "activity")


@pytest.fixture
def ledger(pool: asyncpg.Pool) -> Ledger:
    return PostgresLedger(pool)


@pytest.fixture
def positions(pool: asyncpg.Pool) -> Positions:
    return PostgresPositions(pool)


@pytest.fixture
def progress(pool: asyncpg.Pool) -> Progress:
    return PostgresProgress(pool)


@pytest.fixture
def dead_letters(pool: asyncpg.Pool) -> DeadLetters:
    return PostgresDeadLetters(pool)


@pytest.fixture
def tiers(social_engine: str, pool: asyncpg.Pool) -> Tiers:
    return {"postgres": PostgresTiers}[social_engine](pool)


@pytest.fixture
def jobs(pool: asyncpg.Pool) -> Jobs:
    return PostgresJobs(pool)
