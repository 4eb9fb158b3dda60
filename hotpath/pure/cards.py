"""Cards as they are kept, and a page of them, each ready JSON but for two slots that are filled when it is read."""

from hotpath.pure.fanout import pack

PREFIX_SLOT = b"\x01"  # where media addresses begin; neither byte can occur in JSON text (RFC 8259, section 7)
VIEWER_SLOT = b"\x02"  # where the viewer's own flags go


def splice(bodies: list[bytes], prefixes: list[bytes], viewers: list[bytes]) -> bytes:
    """The JSON array of `bodies`; in body i each prefix slot becomes prefixes[i] and each viewer slot viewers[i].

    The prefix is raw text inside a JSON string (escaped by the caller), the viewer's flags are a JSON value. What is
    put in is copied as it is and not looked at again. Raises ValueError for lists of different lengths.
    """
    if not len(bodies) == len(prefixes) == len(viewers):
        raise ValueError("bodies, prefixes and viewers differ in length")
    cards = []
    for body, prefix, viewer in zip(bodies, prefixes, viewers, strict=True):
        between_viewers = body.split(VIEWER_SLOT)
        cards.append(viewer.join(part.replace(PREFIX_SLOT, prefix) for part in between_viewers))
    return b"[" + b",".join(cards) + b"]"


def put(
    sha: bytes, options: list[bytes], video_ids: list[str], cards: list[bytes], hashes: list[bytes | None]
) -> bytes:
    """The command that calls the script of that hash with cards: its keys are `card:{id}` and `video:{id}` of each, in
    turns; its arguments the options, and for each its card, the number of words of its hash, and those.

    The words of a hash are an array of texts as it goes over the wire (`hotpath.records` makes it); None has none. The
    array's texts are the caller's word: they are not looked at. ValueError for what does not begin as an array, and for
    lists of different lengths.
    """
    if not len(video_ids) == len(cards) == len(hashes):
        raise ValueError("ids, cards and hashes differ in length")
    count = 3 + 4 * len(video_ids) + len(options)
    words: list[str | bytes | int] = ["EVALSHA", sha, 2 * len(video_ids)]
    words += (f"{kind}:{video_id}" for video_id in video_ids for kind in ("card", "video"))
    command = _texts([*words, *options])
    for card, texts in zip(cards, hashes, strict=True):
        members, rest = (0, b"") if texts is None else _taken_apart(texts)
        command += _texts([card, members]) + rest
        count += members
    return b"*%d\r\n" % count + command


def _texts(words: list[str | bytes | int]) -> bytes:
    return pack(words).partition(b"\r\n")[2]


def _taken_apart(texts: bytes) -> tuple[int, bytes]:
    head, line_end, rest = texts.partition(b"\r\n")
    if not line_end or head[:1] != b"*" or not head[1:].isdigit() or len(head) > 10:
        raise ValueError("not an array of texts")
    return int(head[1:]), rest
