"""Three masters that share 16,384 slots, as a cluster of Valkeys."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from math import ceil

from tests.servers.valkey import Valkey, running_valkey

JOIN_TIMEOUT_S = 20.0
SLOTS = 16_384


class ClusterNode:
    """One of the masters, asked over its Unix socket."""

    def __init__(self, valkey: Valkey, port: int, bus_port: int) -> None:
        self.valkey = valkey
        self.port = port
        self.bus_port = bus_port
        self.id = self.say("CLUSTER MYID").split("\r\n")[1]

    def say(self, command: str) -> str:
        """The beginning of the reply, as it comes."""
        return self.valkey.ask(f"{command}\r\n".encode()).decode()

    def ok(self, command: str) -> None:
        reply = self.say(command)
        assert reply == "+OK\r\n", f"{command}: {reply}"


class Cluster:
    """`url` leads to the first node."""

    def __init__(self, nodes: list[ClusterNode]) -> None:
        self.nodes = nodes
        self.url = f"redis://127.0.0.1:{nodes[0].port}"

    def owner(self, slot: int) -> ClusterNode:
        """By the equal shares that they begin with."""
        return self.nodes[slot * len(self.nodes) // SLOTS]

    def begin_to_move(self, slot: int, source: ClusterNode, target: ClusterNode) -> None:
        """From now on the slot's keys may be at either."""
        target.ok(f"CLUSTER SETSLOT {slot} IMPORTING {source.id}")
        source.ok(f"CLUSTER SETSLOT {slot} MIGRATING {target.id}")

    def move_keys(self, keys: list[str], source: ClusterNode, target: ClusterNode) -> None:
        source.ok(f'MIGRATE 127.0.0.1 {target.port} "" 0 5000 KEYS {" ".join(keys)}')

    def end_moving(self, slot: int, source: ClusterNode, target: ClusterNode) -> None:
        target.ok(f"CLUSTER SETSLOT {slot} NODE {target.id}")
        source.ok(f"CLUSTER SETSLOT {slot} NODE {target.id}")


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster that covers all slots; gone afterwards."""
    with ExitStack() as stack:
        nodes = []
        for port, bus_port in _free_ports(3):
            options = {"port": str(port), "bind": "127.0.0.1", "cluster-port": str(bus_port), "cluster-enabled": "yes"}
            # A node that was away for long must not be taken for dead: nobody could stand in for it.
            options |= {"cluster-node-timeout": "15000", "cluster-require-full-coverage": "no"}
            nodes.append(ClusterNode(stack.enter_context(running_valkey(options)), port, bus_port))
        first_slots = [ceil(place * SLOTS / len(nodes)) for place in range(len(nodes) + 1)]
        for node, (first, after) in zip(nodes, pairwise(first_slots), strict=True):
            node.ok(f"CLUSTER ADDSLOTSRANGE {first} {after - 1}")
        for node in nodes[1:]:
            node.ok(f"CLUSTER MEET 127.0.0.1 {nodes[0].port} {nodes[0].bus_port}")
        deadline_s = time.monotonic() + JOIN_TIMEOUT_S
        while not all(_knows_all(node, len(nodes)) for node in nodes):
            assert time.monotonic() < deadline_s, "the cluster does not come together"
            time.sleep(0.02)  # between two looks
        yield Cluster(nodes)


def _knows_all(node: ClusterNode, size: int) -> bool:
    info = node.say("CLUSTER INFO")
    return all(
        f"{line}\r\n" in info
        for line in ("cluster_state:ok", f"cluster_slots_ok:{SLOTS}", f"cluster_known_nodes:{size}")
    )


def _free_ports(pairs: int) -> list[tuple[int, int]]:
    """Held all at once, so that none is given twice."""
    with ExitStack() as stack:
        ports = []
        for _ in range(2 * pairs):
            held = stack.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            ports.append(held.getsockname()[1])
        return list(zip(ports[::2], ports[1::2], strict=True))
