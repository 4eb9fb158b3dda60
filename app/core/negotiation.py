"""What a client can take (Accept-Encoding) and what it has already (If-None-Match), after RFC 9110. Pure.

Malformed parts are passed over: whatever a client says, the plain body may always be sent.
"""

import re
from typing import Final, Literal

Coding = Literal["br", "gzip", "identity"]

LONGEST_BYTES: Final = 1024  # of a header; what lies beyond is not read
_NAMES: Final[dict[str, Coding]] = {"br": "br", "gzip": "gzip", "x-gzip": "gzip", "identity": "identity"}
_PREFERRED: Final[tuple[Coding, ...]] = ("br", "gzip", "identity")  # among equals
_WEIGHT: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\Z")
_TAG: Final = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')


def coding_of(accept_encoding: bytes) -> Coding:
    """The coding to answer in: the one of the largest q-value, br before gzip before identity among equals. Identity
    stands last where the client says nothing of it, and is the answer when nothing is acceptable."""
    weights: dict[Coding, float] = {}
    others = 0.0
    for part in accept_encoding[:LONGEST_BYTES].decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        weight = _weight(parameters)
        if weight is None:
            continue
        if name.strip() == "*":
            others = weight
        elif name.strip() in _NAMES:
            weights[_NAMES[name.strip()]] = weight
    ranked = [(weights.get(coding, others), coding) for coding in _PREFERRED]
    best = max(weight for weight, _ in ranked)
    return next(coding for weight, coding in ranked if weight == best) if best > 0 else "identity"


def has(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the client's If-None-Match names this entity tag (weak comparison: a proxy may have weakened it)."""
    value = if_none_match[:LONGEST_BYTES].strip()
    return value == etag or value == b"*" or etag in _TAG.findall(value)


def _weight(parameters: str) -> float | None:
    """The q-value of one coding, 1 without one; None if it is malformed."""
    text = parameters.strip()
    if not text:
        return 1.0
    name, _, value = text.partition("=")
    value = value.strip()
    return float(value) if name.strip() == "q" and _WEIGHT.match(value) else None
