"""The thin client on a cluster of three masters, and on a server that is none."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager

import pytest

from app.adapters.redis.address import Address
from app.adapters.redis.client import RedisClient
from app.adapters.redis.pipes import Node, Pipes
from app.adapters.redis.slots import SLOTS, masters, slot_of
from app.core.errors import Unavailable
from hotpath.resp import Push
from tests.contract.pipe_users import TIMEOUT_S, packed
from tests.servers.valkey import running_valkey
from tests.servers.valkey_cluster import Cluster, ClusterNode, running_cluster
from tests.waiting import until


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


def tag_at(cluster: Cluster, node: ClusterNode, but: Collection[str] = ()) -> str:
    """A hash tag in a slot of this node, and none of these."""
    tags = (f"tag{n}" for n in range(10_000))
    return next(tag for tag in tags if tag not in but and cluster.owner(slot_of(tag.encode())) is node)


class Readers:
    """People who read keys that hold their own name, one a hash tag."""

    def __init__(self, pipes: Pipes, tags: list[str]) -> None:
        self.pipes = pipes
        self.tags = tags
        self.served = dict.fromkeys(tags, 0)
        self.refused = dict.fromkeys(tags, 0)
        self.open = True

    async def read(self, tag: str) -> None:
        keys = [f"{{{tag}}}:{n}" for n in range(3)]
        while self.open:
            try:
                replies = await self.pipes.of(tag.encode()).ask(packed(*(("GET", key) for key in keys)), len(keys))
            except Unavailable:
                self.refused[tag] += 1
                await asyncio.sleep(0.001)  # as somebody who was told so would
            else:
                assert replies == [key.encode() for key in keys]
                self.served[tag] += 1

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        readers = [asyncio.create_task(self.read(tag)) for tag in self.tags]
        yield
        self.open = False
        await asyncio.gather(*readers)

    async def refusal_of(self, tag: str) -> None:
        before = self.refused[tag]
        await until(lambda: self.refused[tag] > before)

    async def more(self, tags: list[str]) -> None:
        """Until each of these was served some more."""
        before = dict(self.served)
        await until(lambda: all(self.served[tag] > before[tag] + 20 for tag in tags))


async def test_each_key_is_asked_of_its_owner_and_all_owners_at_once(cluster: Cluster) -> None:
    pipes = Pipes(cluster.url)
    await pipes.start()
    keys = [f"spread:{n}" for n in range(60)]

    written = await pipes.ask([(key.encode(), packed(("SET", key, key), ("STRLEN", key)), 2) for key in keys])
    read = await pipes.ask([(key.encode(), packed(("GET", key)), 1) for key in reversed(keys)])

    assert written == [[b"OK", len(key)] for key in keys]
    assert read == [[key.encode()] for key in reversed(keys)]
    assert sorted(len(node.slots) for node in pipes.nodes) == [5461, 5461, 5462]
    assert len({pipes.of(key.encode()) for key in keys}) == 3
    await pipes.aclose()
    with pytest.raises(Unavailable):
        pipes.of(b"spread:1")


async def test_slots_that_move_under_load_lose_nobody_and_mix_nothing_up(cluster: Cluster) -> None:
    source, target, _ = cluster.nodes
    moving: list[str] = []
    for _ in range(3):
        moving.append(tag_at(cluster, source, moving))
    slots = [slot_of(tag.encode()) for tag in moving]
    staying = [tag_at(cluster, node, moving) for node in cluster.nodes]
    moved: list[frozenset[int]] = []
    pipes = Pipes(cluster.url, timeout_s=TIMEOUT_S, on_moved=moved.append)
    await pipes.start()
    keys = [f"{{{tag}}}:{n}" for tag in moving + staying for n in range(3)]
    await pipes.ask([(key.encode(), packed(("SET", key, key)), 1) for key in keys])
    readers = Readers(pipes, moving + staying)

    async with readers.reading():
        await readers.more(moving + staying)
        assert sum(readers.refused.values()) == 0
        for tag, slot in zip(moving, slots, strict=True):
            cluster.begin_to_move(slot, source, target)
            await readers.more(staying)
            cluster.move_keys([f"{{{tag}}}:0", f"{{{tag}}}:1"], source, target)
            await readers.refusal_of(tag)
            cluster.move_keys([f"{{{tag}}}:2"], source, target)
            cluster.end_moving(slot, source, target)
            await readers.more([tag])

    assert frozenset().union(*moved) == set(slots)
    assert all(readers.refused[tag] > 0 for tag in moving)
    assert all(readers.refused[tag] == 0 for tag in staying)
    assert all(pipes.of(tag.encode()).address.port == target.port for tag in moving)
    await pipes.aclose()
    for slot, tag in zip(slots, moving, strict=True):
        cluster.begin_to_move(slot, target, source)
        cluster.move_keys([f"{{{tag}}}:{n}" for n in range(3)], target, source)
        cluster.end_moving(slot, target, source)


async def test_a_lost_master_costs_its_own_slots_and_comes_back(cluster: Cluster) -> None:
    lost = cluster.nodes[1]
    tags = [tag_at(cluster, node) for node in cluster.nodes]
    heard: list[tuple[str, int]] = []
    pipes = Pipes(
        cluster.url,
        timeout_s=TIMEOUT_S,
        on_up=lambda node: heard.append(("up", node.pipe.address.port)),
        on_down=lambda node: heard.append(("down", node.pipe.address.port)),
    )
    await pipes.start()
    assert sorted(heard) == sorted(("up", node.port) for node in cluster.nodes)
    keys = [f"{{{tag}}}:{n}" for tag in tags for n in range(3)]
    await pipes.ask([(key.encode(), packed(("SET", key, key)), 1) for key in keys])
    readers = Readers(pipes, tags)

    async with readers.reading():
        await readers.more(tags)
        lost.valkey.freeze()
        await until(lambda: readers.refused[tags[1]] > 100)
        await readers.more([tags[0], tags[2]])
        lost.valkey.thaw()
        await readers.more(tags)

    assert readers.refused[tags[0]] == readers.refused[tags[2]] == 0
    assert heard[3:] == [("down", lost.port), ("up", lost.port)]
    await pipes.aclose()


async def test_a_part_that_cannot_be_answered_makes_all_unavailable(cluster: Cluster) -> None:
    tags = [tag_at(cluster, node) for node in cluster.nodes]
    pipes = Pipes(cluster.url, timeout_s=TIMEOUT_S)
    await pipes.start()
    cluster.nodes[2].valkey.freeze()
    with pytest.raises(Unavailable):
        await pipes.ask([(tag.encode(), packed(("GET", tag)), 1) for tag in tags])
    cluster.nodes[2].valkey.thaw()
    await pipes.aclose()


async def test_pushes_name_the_node_whose_keys_they_are_about(cluster: Cluster) -> None:
    tags = [tag_at(cluster, node) for node in cluster.nodes]
    heard: list[tuple[Node, Push]] = []
    pipes = Pipes(
        cluster.url,
        protocol=3,
        setup=[("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "card:")],
        on_push=lambda node, push: heard.append((node, push)),
    )
    await pipes.start()
    await pipes.ask([(tag.encode(), packed(("SET", f"card:{{{tag}}}", "x")), 1) for tag in tags])

    await until(lambda: len(heard) == 3)

    for node, (kind, keys) in heard:
        assert kind == b"invalidate"
        assert len(keys) == 1
        assert slot_of(keys[0]) in node.slots
    await pipes.aclose()


async def test_a_server_that_is_no_cluster_has_all_keys_and_is_found_again() -> None:
    with running_valkey() as valkey:
        valkey.kill()
        pipes = Pipes(valkey.url, timeout_s=TIMEOUT_S)
        await pipes.start()
        with pytest.raises(Unavailable):
            pipes.of(b"k")
        valkey.start()
        await until(lambda: _owned(pipes, b"k"))
        assert await pipes.ask([(b"a", packed(("ECHO", "1"), ("ECHO", "2")), 2), (b"b", packed(("ECHO", "3")), 1)]) == [
            [b"1", b"2"],
            [b"3"],
        ]
        valkey.restart()
        await until(lambda: not pipes.nodes[0].pipe.up)
        await until(lambda: pipes.nodes[0].pipe.up)
        assert await pipes.of(b"k").ask(packed(("GET", "k")), 1) == [None]
        await pipes.aclose()


def _owned(pipes: Pipes, key: bytes) -> bool:
    try:
        return pipes.of(key).up
    except Unavailable:
        return False


async def test_keys_fall_into_the_slots_that_the_server_says(cluster: Cluster) -> None:
    keys = ["", "foo", "123456789", "{user}.following", "a{}b", "{}{b}", "a{{b}}c", "a{b}{c}", "a}b{c}", "{", "x{y"]
    pipes = Pipes(cluster.url)
    await pipes.start()

    told = await pipes.ask([(b"foo", packed(*(("CLUSTER", "KEYSLOT", key) for key in keys)), len(keys))])

    assert [slot_of(key.encode()) for key in keys] == told[0]
    assert slot_of(b"foo") == 12_182
    await pipes.aclose()


def test_a_table_of_slots_is_read_as_the_server_means_it() -> None:
    seed = Address(host="seed", password="p")

    table = masters(
        seed,
        [
            [0, 5, [b"10.0.0.1", 7000, b"id", []], [b"10.0.0.9", 7009, b"replica", []]],
            [7, 7, [b"10.0.0.1", 7000, b"id", []]],
            [6, 6, [b"", 7001, b"id"]],
            [8, SLOTS - 1, [None, 7002, b"id"]],
        ],
    )

    assert table == {
        seed.at("10.0.0.1", 7000): {0, 1, 2, 3, 4, 5, 7},
        seed.at("seed", 7001): {6},
        seed.at("seed", 7002): set(range(8, SLOTS)),
    }
    assert masters(seed, []) == {}


@pytest.mark.parametrize("row", [[], [0], b"0", [5, 4, [b"h", 1]], [0, SLOTS, [b"h", 1]], [0, 1, [b"h"]], [0, 1, b"h"]])
def test_a_table_that_makes_no_sense_is_refused(row: object) -> None:
    with pytest.raises(ValueError, match=r"^not a range of slots"):
        masters(Address(), [row])


async def test_a_key_that_lives_elsewhere_is_unavailable_by_redis_py_too(cluster: Cluster) -> None:
    client = RedisClient(cluster.url)
    try:
        assert await client.call("GET", tag_at(cluster, cluster.nodes[0])) is None
        with pytest.raises(Unavailable):
            await client.call("GET", tag_at(cluster, cluster.nodes[1]))
    finally:
        await client.aclose()
