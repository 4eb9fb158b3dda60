"""Commands to Redis as they go over the wire: any, and the pushes of one video into the feeds of its followers."""

from __future__ import annotations  # array[int] is no expression before Python 3.12

from collections.abc import Iterable, Sequence

from hotpath.pure._columns import ID_BYTES, Column, uint32s

SHA_BYTES = 40
MAX_SCORE = 2**53  # a sorted set keeps scores as doubles: beyond this two times could become one


def pack(words: Sequence[str | bytes | int]) -> bytes:
    """One command in RESP2: texts as UTF-8, numbers in decimal digits. Raises TypeError for anything else."""
    return b"*%d\r\n" % len(words) + b"".join(_bulk(_bytes_of(word)) for word in words)


def pack_all(commands: Iterable[Sequence[str | bytes | int]]) -> bytes:
    """Commands back to back, as `pack` encodes each."""
    return b"".join(map(pack, commands))


def encode(
    followers: bytes,
    user_nos: Column,
    active: bytes | None,
    sha: bytes,
    prefix: bytes,
    member: bytes,
    score: int,
    keep: int,
    batch_keys: int = 500,
) -> list[tuple[bytes, int]]:
    """Commands that push `member` to the active followers, each with its number of keys, in the order given.

    `followers` is n x 30 bytes of user ids, `user_nos` uint32[n]. `active` is the bitmap of active users as Redis
    stores it: user_no is the offset, offset 0 the most significant bit of the first byte, and what lies behind the
    end is not active; None pushes to all. A command is `EVALSHA sha numkeys key... score member keep` in RESP2, ready
    for a socket, with at most `batch_keys` keys `prefix` + user id. The script behind `sha` (40 bytes) touches only
    keys that exist and trims each to the `keep` highest scores; `member` is a video id, `score` a time in ms.

    47 bytes a key with a prefix of ten: pass followers in pages. With Redis Cluster a page holds keys of one slot.

    Raises ValueError for columns of different lengths, a sha or member of another size, a score beyond 2^53 either
    way, or a keep or batch_keys below 1.
    """
    numbers = uint32s(user_nos)
    if len(followers) != len(numbers) * ID_BYTES:
        raise ValueError("followers must hold 30 bytes for each user number")
    if len(sha) != SHA_BYTES:
        raise ValueError("sha must be 40 bytes")
    if len(member) != ID_BYTES:
        raise ValueError("member must be 30 bytes")
    if abs(score) > MAX_SCORE:
        raise ValueError("score must lie within 2^53 of zero")
    if keep < 1 or batch_keys < 1:
        raise ValueError("keep and batch_keys must be at least 1")
    keys = [
        prefix + followers[i * ID_BYTES : (i + 1) * ID_BYTES]
        for i, user_no in enumerate(numbers)
        if active is None or _is_active(active, user_no)
    ]
    commands = []
    for first in range(0, len(keys), batch_keys):
        batch = keys[first : first + batch_keys]
        words = [b"EVALSHA", sha, b"%d" % len(batch), *batch, b"%d" % score, member, b"%d" % keep]
        commands.append((b"*%d\r\n" % len(words) + b"".join(map(_bulk, words)), len(batch)))
    return commands


def _is_active(bitmap: bytes, user_no: int) -> bool:
    return user_no >> 3 < len(bitmap) and bool(bitmap[user_no >> 3] & (0x80 >> (user_no & 7)))


def _bytes_of(word: str | bytes | int) -> bytes:
    if isinstance(word, bytes):
        return word
    if isinstance(word, str):
        return word.encode()
    if isinstance(word, int):
        return b"%d" % word
    raise TypeError("a word is str, bytes or int")


def _bulk(word: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(word), word)
