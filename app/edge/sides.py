"""Who talks to whom in the process in front: the sides of a request as the others see them."""

from typing import Literal, Protocol

from app.edge.messages import Fields, Refused
from app.ports.limiter import Verdict

Framing = Literal["none", "length", "chunks", "close"]
"""How an answer's body ends: there is none, after so many bytes, with its last chunk, with the connection."""


class Asker(Protocol):
    """Who asked a hot read; one of the methods is called, once, unless what was begun is cancelled."""

    client: tuple[str, int]
    name: bytes
    """The client's address, for the log."""

    @property
    def closes(self) -> bool:
        """Whether the answer is the connection's last."""

    def answered(self, whole: bytes) -> None:
        """The answer, head and body."""

    def hand_on(self, verdict: Verdict | None) -> None:
        """It is for the application; the verdict says how it was counted already, None that it was not."""


class Client(Protocol):
    """The connection that a relayed request came by."""

    client: tuple[str, int]

    @property
    def closes(self) -> bool:
        """Whether the answer is the connection's last."""

    def write(self, data: bytes) -> None:
        """A part of the answer."""

    def go_on(self) -> None:
        """There is room for more of the body, or of what goes through the tunnel."""

    def finished(self, *, close: bool) -> None:
        """The answer has been written."""

    def refuse(self, refused: Refused) -> None:
        """There will be no answer; nothing of one was written."""

    def switched(self) -> None:
        """What comes now is for the tunnel."""

    def break_off(self) -> None:
        """The answer that was begun has no end."""


class Exchange(Protocol):
    """A relayed request as the application's side sees it; `lost` or `ended` comes last, and once."""

    expects_body: bool
    expects_switch: bool
    is_sent: bool
    """The whole of the request has been written."""

    def on_interim(self, status: int, fields: Fields) -> None:
        """An answer before the answer."""

    def on_head(self, status: int, fields: Fields, framing: Framing) -> None:
        """The answer begins."""

    def on_body(self, piece: bytes) -> None:
        """More of it, or of what comes through the tunnel."""

    def on_switch(self, fields: Fields) -> None:
        """The application speaks another protocol from here on."""

    def on_room(self) -> None:
        """More of the request may be written."""

    def flush(self) -> None:
        """So much was read at once."""

    def ended(self) -> None:
        """The answer is whole."""

    def lost(self, *, untouched: bool, silent: bool) -> None:
        """Broken off. `untouched`: not a byte came on a connection used before; `silent`: nothing came in time."""
