"""Lists of the video store: what is in them, in which order, in which pages. See `app.ports.videos`."""

import random
from typing import Any

import pytest

from app.core import ids
from app.core.clock import system_ms
from app.core.cursors import Keyset
from app.ports.videos import Video, Videos
from tests.contract.records import MIB, a_video, published


def far_future() -> int:
    """A time that no other test's videos are near."""
    return random.randrange(2**43, 2**44)


async def test_an_author_s_list_is_newest_first_and_pages_without_gap_or_repeat(videos: Videos) -> None:
    user, now = ids.new("usr"), system_ms()
    mine = [a_video(user, at=now + n // 3) for n in range(10)]  # three share each time
    deleted = a_video(user, at=now, status="deleted")
    for video in [*mine, deleted, a_video(at=now)]:
        await videos.create(video, quota_bytes=MIB)
    expected = sorted(mine, key=lambda video: (video.created_at, video.video_id), reverse=True)
    assert await videos.by_author(user, None, 50) == expected
    walked: list[Video] = []
    after = None
    while page := await videos.by_author(user, after, 4):
        walked += page
        after = Keyset(page[-1].created_at, page[-1].video_id)
    assert walked == expected


async def test_newest_by_authors_keeps_the_order_asked_and_the_empty_ones(videos: Videos) -> None:
    prolific, silent, friendly, now = ids.new("usr"), ids.new("usr"), ids.new("usr"), system_ms()
    four = [published(prolific, at=now + n) for n in range(4)]
    hidden = [
        published(prolific, at=now + 2, visibility="private"),
        a_video(prolific, at=now + 2, published_at=now + 2, status="deleted"),
        a_video(prolific, at=now + 2, status="processing"),
    ]
    for_friends = published(friendly, at=now, visibility="friends")
    for video in [*four, *hidden, for_friends]:
        await videos.create(video, quota_bytes=MIB)
    newest = await videos.newest_by_authors([friendly, silent, prolific, friendly], now + 2, 2)
    of_friendly = [(now, for_friends.video_id)]
    of_prolific = [(now + 2, four[2].video_id), (now + 1, four[1].video_id)]
    assert newest == [of_friendly, [], of_prolific, of_friendly]
    assert await videos.newest_by_authors([], now, 2) == []
    with pytest.raises(ValueError, match="1001"):
        await videos.newest_by_authors([silent] * 1001, now, 2)
    assert await videos.newest_among([friendly, silent, prolific], now + 2, 2, 9) == [*of_prolific, *of_friendly]
    assert await videos.newest_among([friendly, silent, prolific], now + 2, 2, 1) == of_prolific[:1]
    assert await videos.newest_among([], now, 2, 9) == []
    with pytest.raises(ValueError, match="1001"):
        await videos.newest_among([silent] * 1001, now, 2, 9)


async def test_fresh_holds_public_active_videos_newest_first(videos: Videos) -> None:
    at, user, category = far_future(), ids.new("usr"), f"c{random.randrange(2**60)}"
    shown = [published(user, at=at + n // 2, category=category) for n in range(5)]
    elsewhere = published(user, at=at)
    hidden = [
        published(user, at=at, category=category, visibility="friends"),
        published(user, at=at, category=category, visibility="private"),
        a_video(user, at=at, category=category, published_at=at, status="deleted"),
    ]
    for video in [*shown, elsewhere, *hidden]:
        await videos.create(video, quota_bytes=MIB)
    expected = sorted(((video.published_at or 0, video.video_id) for video in shown), reverse=True)
    assert await videos.fresh(None, 50, category) == expected
    assert await videos.fresh(Keyset(*expected[1]), 2, category) == expected[2:4]
    everywhere = sorted([*expected, (at, elsewhere.video_id)], reverse=True)
    assert await videos.fresh(Keyset(at + 10, ""), len(everywhere)) == everywhere


async def test_by_music_holds_public_active_videos_newest_first(videos: Videos) -> None:
    music, user, now = ids.new("mus"), ids.new("usr"), system_ms()
    shown = [published(user, at=now + n // 2, music_id=music) for n in range(4)]
    hidden = published(user, at=now, music_id=music, visibility="friends")
    for video in [*shown, hidden, published(user, at=now)]:
        await videos.create(video, quota_bytes=MIB)
    expected = sorted(((video.published_at or 0, video.video_id) for video in shown), reverse=True)
    assert await videos.by_music(music, None, 50) == expected
    assert await videos.by_music(music, Keyset(*expected[0]), 2) == expected[1:3]


async def test_stalled_videos_come_oldest_first(videos: Videos) -> None:
    long_ago = random.randrange(2**30)
    stuck = [a_video(at=long_ago + n, status="uploading") for n in range(3)]
    for video in [*reversed(stuck), a_video(at=long_ago, status="processing")]:
        await videos.create(video, quota_bytes=MIB)
    mine = {video.video_id for video in stuck}
    found = [video for video in await videos.stalled("uploading", long_ago + 2, 1000) if video.video_id in mine]
    assert found == stuck[:2]
    assert len(await videos.stalled("uploading", long_ago + 3, 1)) == 1


async def test_due_videos_are_processed_approved_scheduled_and_not_active(videos: Videos) -> None:
    long_ago = random.randrange(2**30)
    ready: dict[str, Any] = {"status": "processing", "moderation_status": "approved", "processed_at": 1}
    due = [a_video(**ready, publish_at=long_ago + n) for n in range(3)]
    others = [
        a_video(**ready),
        a_video(**ready | {"status": "active"}, publish_at=long_ago),
        a_video(**ready | {"status": "deleted"}, publish_at=long_ago),
        a_video(**ready | {"moderation_status": "pending"}, publish_at=long_ago),
        a_video(**ready | {"processed_at": None}, publish_at=long_ago),
    ]
    for video in [*reversed(due), *others]:
        await videos.create(video, quota_bytes=MIB)
    mine = {video.video_id for video in [*due, *others]}
    assert [video for video in await videos.due(long_ago + 1, 1000) if video.video_id in mine] == due[:2]
