"""Who asks for hot pages, as a process remembers them."""

from hotpath.pure.places import ID_BYTES


class Reader:
    """A session as hot reads know it: until when, and under which name its limit is logged."""

    def __init__(self, user_id: bytes, session_id: bytes, until_ms: int, log: str) -> None:
        if len(user_id) != ID_BYTES or len(session_id) != ID_BYTES:
            raise ValueError("ids have 30 bytes")
        self.user_id = user_id
        self.session_id = session_id
        self.until_ms = until_ms
        self.log = log
        self.tend_again_ms = 0  # by the limiter's clock, when half a window will have passed since the log was tended
