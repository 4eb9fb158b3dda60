"""Changes of cards are heard from every master of a cluster."""

from collections.abc import Collection

from app.adapters.redis.slots import slot_of
from app.adapters.redis.tracking import RedisTracking
from app.core.ids import new
from tests.servers.valkey_cluster import Cluster, ClusterNode, running_cluster
from tests.waiting import until


def video_at(cluster: Cluster, node: ClusterNode) -> str:
    """The id of a video whose card is this node's."""
    while cluster.owner(slot_of(f"card:{(video := new('vid'))}".encode())) is not node:
        pass
    return video


async def test_every_master_is_heard_and_the_loss_of_one_is_told() -> None:
    with running_cluster() as cluster:
        heard: list[Collection[str] | None] = []
        sound: list[bool] = []  # as of each thing heard
        tracking = RedisTracking(cluster.url)
        tracking.listen(heard.append)
        tracking.listen(lambda _: sound.append(tracking.sound))
        await tracking.start()
        assert sound == [False, False, True]
        heard.clear()

        videos = [video_at(cluster, node) for node in cluster.nodes]
        for node, video in zip(cluster.nodes, videos, strict=True):
            node.ok(f"SET else:{{card:{video}}} x")
            node.ok(f"SET card:{video} x")
        await until(lambda: len(heard) == 3)
        assert sorted(heard, key=str) == sorted([[video] for video in videos], key=str)

        lost = cluster.nodes[1]
        lost.valkey.kill()
        await until(lambda: heard[3:] == [None])
        lost.valkey.start()
        await until(lambda: heard[3:] == [None, None])
        assert sound[-2:] == [False, True]
        await tracking.aclose()
        assert sound[-1] is False
