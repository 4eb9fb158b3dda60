"""A comment's id leads to the partition of its video."""

from hypothesis import given
from hypothesis import strategies as st

from app.core import buckets, ids


@given(at_ms=st.integers(0, 2**48 - 1))
def test_either_id_leads_to_the_same_bucket(at_ms: int) -> None:
    video_id = ids.new("vid", at_ms)
    comment_id = buckets.new_comment_id(video_id, at_ms)

    assert ids.is_id(comment_id, "cmt")
    assert buckets.of_comment(comment_id) == buckets.of_video(video_id)
    assert 0 <= buckets.of_video(video_id) < buckets.BUCKETS
    assert ids.made_at_ms(comment_id) == at_ms


def test_an_id_may_name_no_bucket() -> None:
    base = ids.new("cmt")[:-2]
    found = {buckets.of_comment(base + a + b) for a in ids.ALPHABET for b in ids.ALPHABET}
    assert found == {None, *range(buckets.BUCKETS)}


def test_videos_spread_over_all_buckets() -> None:
    assert len({buckets.of_video(ids.new("vid")) for _ in range(3000)}) == buckets.BUCKETS
