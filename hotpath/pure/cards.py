"""Cards as they are kept, and a page of them, each ready JSON but for two slots that are filled when it is read."""

import json

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
    sha: bytes, options: list[bytes], video_ids: list[str], cards: list[bytes], documents: list[bytes | None]
) -> bytes:
    """The command that calls the script of that hash with cards: its keys are `card:{id}` and `video:{id}` of each, in
    turns; its arguments the options, and for each its card, the number of words of its document, and those.

    The words of a document, a JSON object without spaces, are the names and values of its members: of a text what it
    says, of anything else its JSON; None has none. The caller made the document: of what is no such object come a
    ValueError or members that make no sense. ValueError for lists of different lengths.
    """
    if not len(video_ids) == len(cards) == len(documents):
        raise ValueError("ids, cards and documents differ in length")
    words: list[str | bytes | int] = ["EVALSHA", sha, 2 * len(video_ids)]
    words += (f"{kind}:{video_id}" for video_id in video_ids for kind in ("card", "video"))
    words += options
    for card, document in zip(cards, documents, strict=True):
        members = [] if document is None else _members(document.decode())
        words += (card, len(members), *members)
    return pack(words)


def _members(text: str) -> list[str]:
    members: list[str] = []
    if text == "{}":
        return members
    at = 0
    while at < len(text) - 1:
        if text[at] != ("," if members else "{"):
            raise ValueError("not a JSON object without spaces")
        name, at = _DECODE(text, at + 1)
        if not isinstance(name, str) or text[at : at + 1] != ":":
            raise ValueError("not a JSON object without spaces")
        value, end = _DECODE(text, at + 1)
        members += (name, value if isinstance(value, str) else text[at + 1 : end])
        at = end
    if not members or text[at:] != "}":
        raise ValueError("not a JSON object without spaces")
    return members


_DECODE = json.JSONDecoder().raw_decode
