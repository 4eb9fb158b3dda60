import msgspec
import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.sessions import TTL_S, RedisSessions
from app.core.ids import new
from app.ports.sessions import SessionCache


@pytest.fixture(params=["redis"])
def sessions(request: pytest.FixtureRequest, client: RedisClient) -> SessionCache:
    return {"redis": RedisSessions}[request.param](client)


async def test_an_absent_session_is_not_known(sessions: SessionCache) -> None:
    assert await sessions.get(new("ses")) is None


async def test_what_was_read_is_remembered(sessions: SessionCache) -> None:
    alive, revoked = new("ses"), new("ses")
    await sessions.fill(alive, "alive")
    await sessions.fill(revoked, "revoked")
    assert await sessions.get(alive) == "alive"
    assert await sessions.get(revoked) == "revoked"


async def test_a_revocation_wins_over_a_row_read_before_it(sessions: SessionCache) -> None:
    late, early = new("ses"), new("ses")
    await sessions.revoked(late)
    await sessions.fill(late, "alive")
    assert await sessions.get(late) == "revoked"
    await sessions.fill(early, "alive")
    await sessions.revoked(early)
    assert await sessions.get(early) == "revoked"


async def test_entries_are_documents_that_last_a_day(sessions: SessionCache, client: RedisClient) -> None:
    filled, revoked = new("ses"), new("ses")
    await sessions.fill(filled, "alive")
    await sessions.revoked(revoked)
    assert msgspec.json.decode(await client.call("GET", f"session:{filled}")) == {"state": "alive"}
    for session in (filled, revoked):
        assert TTL_S - 5 <= await client.call("TTL", f"session:{session}") <= TTL_S


@pytest.mark.parametrize("entry", ['{"state":"asleep"}', "{", ""])
async def test_an_entry_of_another_version_counts_as_absent(
    sessions: SessionCache, client: RedisClient, entry: str
) -> None:
    session = new("ses")
    await client.call("SET", f"session:{session}", entry)
    assert await sessions.get(session) is None
