from collections.abc import AsyncIterator, Iterator

import pytest

from app.adapters.redis.client import RedisClient
from app.adapters.redis.viewers import BLOB_TTL_S, FENCE_TTL_S, RedisViewers
from app.core.ids import new
from app.ports.cards import Viewers
from tests.servers.valkey import Valkey, running_valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Of its own: some tests empty it."""
    with running_valkey() as valkey:
        yield valkey


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[RedisClient]:
    client = RedisClient(valkey.url, timeout_s=5.0)
    yield client
    await client.aclose()


@pytest.fixture(params=["redis"])
def viewers(request: pytest.FixtureRequest, client: RedisClient) -> Viewers:
    return {"redis": RedisViewers}[request.param](client)


async def test_a_rebuilt_blob_is_kept(viewers: Viewers) -> None:
    user = new("usr")
    blob, fence = await viewers.get(user)
    assert blob is None
    await viewers.put(user, b"\x00blob", fence)
    assert (await viewers.get(user))[0] == b"\x00blob"


async def test_a_change_forgets_the_blob(viewers: Viewers) -> None:
    user, other = new("usr"), new("usr")
    for name in (user, other):
        await viewers.put(name, b"old", (await viewers.get(name))[1])
    await viewers.changed([user])
    assert (await viewers.get(user))[0] is None
    assert (await viewers.get(other))[0] == b"old"
    await viewers.changed([])


async def test_a_blob_read_before_a_change_is_refused(viewers: Viewers) -> None:
    user = new("usr")
    _, fence = await viewers.get(user)
    await viewers.changed([user])
    await viewers.put(user, b"stale", fence)
    blob, fence = await viewers.get(user)
    assert blob is None
    await viewers.put(user, b"fresh", fence)
    assert (await viewers.get(user))[0] == b"fresh"


async def test_two_rebuilds_at_once_may_both_put(viewers: Viewers) -> None:
    user = new("usr")
    fences = [(await viewers.get(user))[1] for _ in range(2)]
    for fence in fences:
        await viewers.put(user, b"same", fence)
    assert (await viewers.get(user))[0] == b"same"


@pytest.mark.parametrize("changes_before", [0, 1, 3])
@pytest.mark.parametrize("changes_after", [0, 1, 3])
async def test_no_blob_from_before_a_loss_gets_in(
    viewers: Viewers, valkey: Valkey, changes_before: int, changes_after: int
) -> None:
    user = new("usr")
    for _ in range(changes_before):
        await viewers.changed([user])
    _, fence = await viewers.get(user)
    valkey.flush()
    for _ in range(changes_after):
        await viewers.changed([user])
    await viewers.put(user, b"stale", fence)
    assert (await viewers.get(user))[0] is None


async def test_no_fence_admits_after_a_rebuild_by_another(viewers: Viewers, valkey: Valkey) -> None:
    user = new("usr")
    _, fence = await viewers.get(user)
    valkey.flush()
    await viewers.get(user)  # somebody else begins to rebuild
    await viewers.put(user, b"stale", fence)
    assert (await viewers.get(user))[0] is None


async def test_the_fence_outlives_the_blob(viewers: Viewers, client: RedisClient) -> None:
    user = new("usr")
    await viewers.put(user, b"blob", (await viewers.get(user))[1])
    assert BLOB_TTL_S - 5 <= await client.call("TTL", f"viewer:{user}") <= BLOB_TTL_S
    assert FENCE_TTL_S - 5 <= await client.call("TTL", f"viewerv:{user}") <= FENCE_TTL_S
    await client.call("EXPIRE", f"viewerv:{user}", 10)
    await client.call("DEL", f"viewer:{user}")
    await viewers.get(user)
    assert await client.call("TTL", f"viewerv:{user}") > BLOB_TTL_S


async def test_many_change_at_once(viewers: Viewers) -> None:
    users = [new("usr") for _ in range(1_203)]
    for user in users[::400]:
        await viewers.put(user, b"old", (await viewers.get(user))[1])
    await viewers.changed(users)
    for user in users[::400]:
        assert (await viewers.get(user))[0] is None
