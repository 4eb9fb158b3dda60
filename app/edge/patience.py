"""How long a client is waited for in each state of its connection: none for more than half a minute."""

from abc import abstractmethod
from math import inf
from typing import Final, Literal

from app.edge import problems
from app.edge.line import STALL_S, Line
from app.edge.messages import Refused

LOOK_S: Final = 7.0  # after an answer it is seen whether its reader is behind, and then demanded that it reads on
IDLE_S: Final = 23.0
HEAD_S: Final = 10.0
HOT_S: Final = 25.0
BODY_S: Final = 24.0  # in which so many bytes must come, unless it is us who do not take them
BODY_BYTES: Final = 16 * 2**10

State = Literal["head", "body", "answer", "tunnel"]
"""What is due: a request's head, the rest of its body, its answer, or none of these in a tunnel."""


class Patience(Line):
    """A line on which requests are due."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = "head"
        self.came_bytes = 0  # of a body, lately
        self._is_looked_at = True  # since the last answer, if there was any

    @property
    @abstractmethod
    def has_begun(self) -> bool:
        """Whether a part of a head has come."""

    @property
    @abstractmethod
    def holds_back(self) -> bool:
        """Whether something has come that is not taken yet."""

    @abstractmethod
    def refuse(self, refused: Refused) -> None:
        """Tells the client, and ends the connection."""

    @abstractmethod
    def break_off(self) -> None:
        """Ends the connection in the middle of an answer, or before one."""

    def expect_head(self) -> None:
        """The first, or the rest of one that has begun."""
        self.wait(HEAD_S)

    def expect_next(self) -> None:
        """Another request, some time."""
        self.state, self._is_looked_at = "head", False
        self.wait(LOOK_S)

    def expect_body(self) -> None:
        """A part of it."""
        self.came_bytes = 0
        self.wait(BODY_S)

    def expect_hot(self) -> None:
        """The answer to a hot read."""
        self.wait(HOT_S)

    def expect_application(self) -> None:
        """It is the application's turn, which has a patience of its own (`upstream.py`)."""
        self.deadline = inf

    def late(self, now_s: float) -> None:
        if self.state == "body":
            # That nothing came is not the client's fault while we take nothing.
            if self.came_bytes < BODY_BYTES and not self.holds_back:
                self.refuse(problems.SLOW_BODY)
            else:
                self.came_bytes, self.deadline = 0, now_s + BODY_S
        elif self.state != "head":
            self.break_off()
        elif self.has_begun:
            self.refuse(problems.SLOW_HEAD)
        elif self._is_looked_at and not self.demand_progress():
            self.linger()
        elif not self.is_done:
            self._look(now_s)

    def _look(self, now_s: float) -> None:
        """How far an idle client is behind with its reading: it has some time to catch up, or to ask for more."""
        if not self._is_looked_at:
            self._stalled_bytes = self.left_bytes()
        self._is_looked_at = True
        self.deadline = now_s + (STALL_S if self._stalled_bytes else IDLE_S - LOOK_S)
