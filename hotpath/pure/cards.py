"""What a card is made from and into: the fields of a record as they are kept, and a page of cards, each ready JSON but
for two slots that are filled when it is read."""

import json

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


def fields(document: bytes) -> dict[str, str]:
    """The members of a JSON object without spaces, in order: of a text what it says, of anything else its JSON.

    The caller made the document: of what is no such object, ValueError or members that make no sense.
    """
    text = document.decode()
    found: dict[str, str] = {}
    if text == "{}":
        return found
    at = 0
    while at < len(text) - 1:
        if text[at] != ("," if found else "{"):
            raise ValueError("not a JSON object without spaces")
        name, at = _DECODE(text, at + 1)
        if not isinstance(name, str) or text[at] != ":":
            raise ValueError("not a JSON object without spaces")
        value, end = _DECODE(text, at + 1)
        found[name] = value if isinstance(value, str) else text[at + 1 : end]
        at = end
    if not found or text[at:] != "}":
        raise ValueError("not a JSON object without spaces")
    return found


_DECODE = json.JSONDecoder().raw_decode
