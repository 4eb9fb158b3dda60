"""The states of a video: publishing is a join, and is announced once."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.core.events import Event
from app.ports.videos import Failure, Video
from app.services.video import lifecycle
from tests.factories import MEDIA, record

AUTHOR = "usr_" + "0" * 26
NOW = 1_800_000_000_000
DUE = NOW + 50


def processing(**fields: Any) -> Video:
    """A record whose file has arrived."""
    return lifecycle.uploaded(record(AUTHOR, NOW, **fields), "video/mp4", NOW)[0]


def types(facts: list[Event]) -> list[str]:
    return [fact.type for fact in facts]


def happen(video: Video, step: str, now_ms: int) -> lifecycle.Step:
    """One of the things that may happen to a processing video, in any order and repeatedly."""
    if step == "processed":
        return lifecycle.processed(video, MEDIA, 10_000, 720, 1280, now_ms)
    if step == "approved":
        return lifecycle.moderated(video, "approved", (), now_ms)
    if step == "rejected":
        return lifecycle.moderated(video, "rejected", ("fraud",), now_ms)
    if step in {"public", "friends", "private"}:
        return lifecycle.changed(video, {"visibility": step}, now_ms)
    if step == "renamed":
        return lifecycle.changed(video, {"title": "New"}, now_ms)
    return lifecycle.due(video, now_ms)


STEPS = ("processed", "approved", "due", "public", "friends", "private", "renamed")


@given(
    steps=st.lists(st.sampled_from(STEPS), max_size=12),
    ending=st.permutations(["processed", "approved", "due", "public"]),
    publish_at=st.sampled_from([None, NOW - 1, DUE]),
)
def test_any_order_makes_it_active_and_announces_it_exactly_once(
    steps: list[str], ending: list[str], publish_at: int | None
) -> None:
    video, facts = processing(publish_at=publish_at), []
    for n, step in enumerate([*steps, *ending, "due"]):
        now_ms = NOW + n if n < len(steps) else DUE + n
        was_active = video.status == "active"
        ready = video.media is not None and video.moderation_status == "approved"
        video, more = happen(video, step, now_ms)
        facts += more
        assert not was_active or video.status == "active"
        assert video.status == "processing" or video.media is not None
        if video.status == "active" and not was_active:
            assert publish_at is None or publish_at <= now_ms
            assert ready or step in {"processed", "approved"}

    assert video.status == "active"
    announced = [fact for fact in facts if fact.type == "video.published"]
    assert len(announced) == 1
    assert video.published_at == announced[0].data["published_at"]
    assert announced[0].data["visibility"] != "private"
    assert announced[0].topic == "feed.update"


@given(steps=st.lists(st.sampled_from([*STEPS, "rejected"]), max_size=12))
def test_what_was_never_approved_is_never_active(steps: list[str]) -> None:
    video = processing()
    for n, step in enumerate(step for step in steps if step != "approved"):
        video, facts = happen(video, step, NOW + n)
        assert video.status == "processing"
        assert "video.published" not in types(facts)


def test_each_step_tells_what_it_did() -> None:
    video, facts = lifecycle.uploaded(record(AUTHOR, NOW), "video/quicktime", NOW)
    assert (video.status, video.upload.content_type, types(facts)) == (
        "processing",
        "video/quicktime",
        ["video.uploaded"],
    )
    video, facts = lifecycle.processed(video, MEDIA, 9_000, 720, 1280, NOW)
    assert (video.progress, video.duration_ms, types(facts)) == (100, 9_000, ["video.processed"])
    video, facts = lifecycle.moderated(video, "approved", (), NOW)
    assert types(facts) == ["video.moderated", "video.published"]
    video, facts = lifecycle.changed(video, {"title": "New"}, NOW)
    assert types(facts) == ["video.changed"]
    video, facts = lifecycle.deleted(video, NOW)
    assert (video.status, video.reserved_bytes, types(facts)) == ("deleted", 0, ["video.deleted"])


def test_a_private_video_is_announced_when_others_may_first_see_it() -> None:
    video, facts = happen(happen(processing(visibility="private"), "approved", NOW)[0], "processed", NOW)
    assert (video.status, video.published_at, types(facts)) == ("active", None, ["video.processed"])

    shown, facts = lifecycle.changed(video, {"visibility": "friends"}, NOW + 1)
    assert (shown.published_at, types(facts)) == (NOW + 1, ["video.changed", "video.published"])
    hidden, facts = lifecycle.changed(shown, {"visibility": "private"}, NOW + 2)
    assert types(facts) == ["video.visibility_changed"]
    again, facts = lifecycle.changed(hidden, {"visibility": "public"}, NOW + 3)
    assert (again.published_at, types(facts)) == (NOW + 1, ["video.visibility_changed"])


def test_each_change_of_visibility_moves_the_epoch_and_nothing_else_does() -> None:
    video = happen(happen(processing(), "approved", NOW)[0], "processed", NOW)[0]
    epochs = []
    for changes in ({"title": "x"}, {"visibility": "public"}, {"visibility": "private"}, {"visibility": "friends"}):
        video = lifecycle.changed(video, changes, NOW)[0]
        assert video.media is not None
        epochs.append(video.media.epoch)
    assert epochs == [0, 0, 1, 2]


def test_failure_frees_the_quota_and_a_retry_takes_it_again() -> None:
    video, facts = lifecycle.failed(processing(), Failure("no_video", "There is no picture."), NOW)
    assert (video.status, video.reserved_bytes, facts[0].data["code"]) == ("failed", 0, "no_video")

    video, facts = lifecycle.retried(video, NOW)
    assert (video.status, video.failure, video.progress) == ("processing", None, 0)
    assert (video.reserved_bytes, types(facts)) == (video.upload.size_bytes, ["video.uploaded"])


def test_steps_leave_the_record_they_were_given_alone() -> None:
    video = processing()
    before = msgspec.msgpack.encode(video)
    for step in (*STEPS, "rejected"):
        happen(video, step, NOW + 1)
    assert msgspec.msgpack.encode(video) == before
