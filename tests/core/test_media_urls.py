"""Prefixes of media addresses: what opens them, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from app.core import ids, media_urls

SECRET = b"s" * 32
NOW = 1_800_000_012_345


def grant_of(prefix: str) -> str:
    assert prefix.startswith("/media/~")
    return prefix.removeprefix("/media/~")


def test_a_signed_prefix_opens_its_video_until_it_expires() -> None:
    video_id = ids.new("vid", NOW)
    expiry = media_urls.expires_at(NOW)
    grant = grant_of(media_urls.signed_prefix(SECRET, video_id, expiry))

    assert media_urls.opens(SECRET, video_id, grant, NOW)
    assert media_urls.opens(SECRET, video_id, grant, expiry - 1)
    assert not media_urls.opens(SECRET, video_id, grant, expiry)


def test_a_prefix_opens_nothing_else() -> None:
    video_id, other = ids.new("vid", NOW), ids.new("vid", NOW)
    expiry = media_urls.expires_at(NOW)
    grant = grant_of(media_urls.signed_prefix(SECRET, video_id, expiry))
    signature = grant.partition(".")[2]

    assert not media_urls.opens(SECRET, other, grant, NOW)
    assert not media_urls.opens(b"t" * 32, video_id, grant, NOW)
    assert not media_urls.opens(SECRET, video_id, f"{expiry + 1}.{signature}", NOW)


def test_no_signature_is_accepted_more_than_five_minutes_ahead() -> None:
    video_id = ids.new("vid", NOW)
    at_the_limit = grant_of(media_urls.signed_prefix(SECRET, video_id, NOW + 300_000))
    beyond = grant_of(media_urls.signed_prefix(SECRET, video_id, NOW + 300_001))

    assert media_urls.opens(SECRET, video_id, at_the_limit, NOW)
    assert not media_urls.opens(SECRET, video_id, beyond, NOW)


@given(now_ms=st.integers(0, 2**45), later_ms=st.integers(0, 5_000))
def test_expiries_are_whole_minutes_that_leave_time_to_watch_and_room_for_clocks(now_ms: int, later_ms: int) -> None:
    expiry = media_urls.expires_at(now_ms + later_ms)  # signed by a clock up to five seconds ahead

    assert expiry % 60_000 == 0
    assert now_ms + 230_000 < expiry <= now_ms + media_urls.LIMIT_MS


@given(grant=st.text(max_size=80))
def test_no_text_opens_by_chance_and_none_raises(grant: str) -> None:
    assert not media_urls.opens(SECRET, "vid_" + "0" * 26, grant, NOW)


def test_one_changed_character_closes_it() -> None:
    video_id = ids.new("vid", NOW)
    grant = grant_of(media_urls.signed_prefix(SECRET, video_id, media_urls.expires_at(NOW)))

    for index, letter in enumerate(grant):
        changed = grant[:index] + ("A" if letter != "A" else "g") + grant[index + 1 :]
        assert not media_urls.opens(SECRET, video_id, changed, NOW)


def test_public_media_have_a_prefix_without_signature() -> None:
    assert media_urls.public_prefix() == "/media"
