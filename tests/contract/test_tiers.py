"""Standings of creators and stamps of fan-outs. See `app.ports.tiers`."""

import asyncio

import msgspec

from app.core import ids
from app.ports.tiers import Stamp, Standing, Tiers

NOW = 1_790_000_000_000


async def test_a_creator_without_a_row_stands_at_the_beginning(tiers: Tiers) -> None:
    user_id = ids.new("usr")
    assert await tiers.standing(user_id) == Standing(user_id)


async def test_of_parallel_crossings_one_is_written(tiers: Tiers) -> None:
    user_id = ids.new("usr")
    for epoch in (1, 2, 3):
        to = Standing(user_id, "selective" if epoch % 2 else "pull", epoch, selective_until=epoch, pull_until=2 * epoch)
        assert sorted(await asyncio.gather(*(tiers.cross(to) for _ in range(4)))) == [False, False, False, True]
        found = await tiers.standing(user_id)
        assert found == msgspec.structs.replace(to, changed_at=found.changed_at)
    assert not await tiers.cross(Standing(user_id, "push", 3))
    assert not await tiers.cross(Standing(user_id, "push", 5))


async def test_what_changed_is_listed_in_order_page_by_page(tiers: Tiers) -> None:
    users = [ids.new("usr") for _ in range(7)]
    for user_id in users:
        await tiers.cross(Standing(user_id, "pull", 1))
    await tiers.cross(Standing(users[0], "push", 2))
    listed: list[Standing] = []
    at, after_id = min([(await tiers.standing(user_id)).changed_at for user_id in users]) - 1, ""
    while rows := (await tiers.changed_since(at, after_id, 3))[0]:
        listed += rows
        at, after_id = rows[-1].changed_at, rows[-1].user_id
    everybody = [await tiers.standing(user_id) for user_id in users]
    assert [standing for standing in listed if standing.user_id in users] == sorted(everybody, key=place)
    assert listed == sorted(listed, key=place)


async def test_what_changed_comes_with_the_time_by_the_same_clock(tiers: Tiers) -> None:
    user_id = ids.new("usr")
    _, before_ms = await tiers.changed_since(2**52, "", 3)
    await tiers.cross(Standing(user_id, "pull", 1))
    found, after_ms = await tiers.changed_since(before_ms - 1, "", 10_000)
    (changed_at,) = [standing.changed_at for standing in found if standing.user_id == user_id]
    assert before_ms <= changed_at <= after_ms
    nothing, later_ms = await tiers.changed_since(2**52, "", 3)
    assert nothing == []
    assert after_ms <= later_ms


def place(standing: Standing) -> tuple[int, str]:
    return standing.changed_at, standing.user_id


async def test_an_event_is_stamped_once_and_keeps_its_progress(tiers: Tiers) -> None:
    author, event_id, later_id, video_id = ids.new("usr"), ids.new("evt"), ids.new("evt"), ids.new("vid")
    assert await tiers.stamp(event_id, video_id, author, NOW) == Stamp("push", 0, "", done=False)
    await tiers.cross(Standing(author, "pull", 1))
    await tiers.advance(event_id, "usr_5", done=False)
    await tiers.advance(event_id, "usr_3", done=False)
    assert await tiers.stamp(event_id, video_id, author, NOW) == Stamp("push", 0, "usr_5", done=False)
    await tiers.advance(event_id, "", done=True)
    await tiers.advance(event_id, "usr_4", done=False)
    assert await tiers.stamp(event_id, video_id, author, NOW) == Stamp("push", 0, "usr_5", done=True)
    assert await tiers.stamp(later_id, video_id, author, NOW) == Stamp("pull", 1, "", done=False)


async def test_what_is_unfinished_is_listed_the_oldest_first(tiers: Tiers) -> None:
    author, first_ms = ids.new("usr"), 10**11
    stamped = [(ids.new("evt"), ids.new("vid"), first_ms + place) for place in range(4)]
    for event_id, video_id, at_ms in reversed(stamped):
        await tiers.stamp(event_id, video_id, author, at_ms)
    await tiers.advance(stamped[0][0], "usr_7", done=False)
    await tiers.advance(stamped[1][0], "", done=True)

    async def listed(before_ms: int, limit: int) -> list[tuple[str, str, Stamp]]:
        ours = {event_id for event_id, _, _ in stamped}
        return [row for row in await tiers.unfinished(before_ms, limit) if row[0] in ours]

    oldest = (*stamped[0][:2], Stamp("push", 0, "usr_7", done=False))
    next_ = (*stamped[2][:2], Stamp("push", 0, "", done=False))
    assert await listed(first_ms + 3, 1000) == [oldest, next_]
    assert await listed(first_ms + 3, 1) == [oldest]


async def test_old_stamps_are_forgotten_up_to_a_number(tiers: Tiers) -> None:
    old, new = [ids.new("evt") for _ in range(3)], ids.new("evt")
    before_ms = 86_400_000
    for place, event_id in enumerate(old):
        await tiers.stamp(event_id, ids.new("vid"), ids.new("usr"), place)
    await tiers.stamp(new, ids.new("vid"), ids.new("usr"), NOW)
    for event_id in (*old, new):
        await tiers.advance(event_id, "usr_1", done=True)
    assert await tiers.prune(before_ms, 2) == 2
    assert await tiers.prune(before_ms, 2) == 1
    assert (await tiers.stamp(new, ids.new("vid"), ids.new("usr"), NOW)).done
    assert not (await tiers.stamp(old[0], ids.new("vid"), ids.new("usr"), NOW)).done
