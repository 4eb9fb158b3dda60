"""Put a page of cards together: each is ready JSON but for two slots that are filled when it is read."""

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
