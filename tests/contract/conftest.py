"""One fixture a port, each on every adapter that serves it. A new adapter is a new parameter here."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from app.adapters.postgres.accounts import PostgresAccounts
from app.adapters.postgres.comments import PostgresComments
from app.adapters.postgres.graph import PostgresGraph
from app.adapters.postgres.pool import open_pool
from app.adapters.postgres.reactions import PostgresReactions
from app.adapters.postgres.users import PostgresUsers
from app.ports.accounts import Accounts
from app.ports.comments import Comments
from app.ports.graph import Graph
from app.ports.reactions import Reactions
from app.ports.users import Users
from tests.contract.evidence import Evidence, PostgresEvidence


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """PostgreSQL as the application sees it."""
    pool = await open_pool(database_url, size=8, application_name="contract")
    yield pool
    await pool.close()


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
def make_graph(social_engine: str, pool: asyncpg.Pool) -> Callable[[int], Graph]:
    """A graph in which nobody can follow more than so many."""
    return {"postgres": lambda limit: PostgresGraph(pool, following_limit=limit)}[social_engine]


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
