"""Where a row lives when its key alone must say so.

Comments are partitioned by their video, but are also asked for by their own id. The bucket of a video, 0–99, is
therefore written into the last two characters of its comments' ids: either id leads to the same partition.
"""

from zlib import crc32

from app.core import ids

BUCKETS = 100


def of_video(video_id: str) -> int:
    """The bucket of a video's comments."""
    return crc32(video_id.encode()) % BUCKETS


def new_comment_id(video_id: str, now_ms: int) -> str:
    """A comment id that carries its video's bucket."""
    bucket = of_video(video_id)
    return ids.new("cmt", now_ms)[:-2] + ids.ALPHABET[bucket >> 5] + ids.ALPHABET[bucket & 31]


def of_comment(comment_id: str) -> int | None:
    """The bucket a well-formed comment id names, None if there is no such bucket."""
    bucket = ids.ALPHABET.index(comment_id[-2]) << 5 | ids.ALPHABET.index(comment_id[-1])
    return bucket if bucket < BUCKETS else None
