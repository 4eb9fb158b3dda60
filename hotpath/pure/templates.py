"""Commands as bytes with holes: what differs from one request to the next is filled in, the rest was encoded once."""

import re
from collections.abc import Sequence

HOLES = 12  # of one template, at most
VALUES = 4  # that holes can ask for

_HOLE = re.compile(b"([\x01-%c])\\1*" % VALUES)


class Template:
    """Commands with holes: a run of bytes of value n, of 1 to VALUES, is the place of the nth value, as long as it."""

    def __init__(self, text: bytes) -> None:
        """Raises ValueError for more than HOLES holes."""
        if len(_HOLE.findall(text)) > HOLES:
            raise ValueError("a template has at most 12 holes")
        self.text = text

    def fill(self, values: Sequence[bytes]) -> bytes:
        """The commands. Raises ValueError for a value that is missing or of another length."""

        def value(hole: re.Match[bytes]) -> bytes:
            number = hole[0][0] - 1
            if number >= len(values) or len(values[number]) != len(hole[0]):
                raise ValueError("a value does not fit its hole")
            return values[number]

        return _HOLE.sub(value, self.text)
