"""A read at the hot door of one kind of feed: who asks, what is sent for them, and the page that the replies make.

A hit is all that is done here. Whatever else it comes to is for who inherits.
"""

from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hotpath.pure import hits
from hotpath.pure.dice import Dice
from hotpath.pure.door import Answer, Fields, Headers
from hotpath.pure.readers import Reader
from hotpath.pure.shelf import Entry

HEADERS_KEPT = 4096  # of answers, by their length: pages differ by some hundreds of bytes


class Pages(Protocol):
    """Who carries what a hit asks and tells."""

    def stamp(self) -> tuple[int, int] | None:
        """The time by the limit's server in µs and by this process in ms; None if it can't be told without a trip."""

    def fetch(self, hit: hits.Hit) -> Future[list[Any]]:
        """The replies to what a hit asks."""

    def forget(self, hit: hits.Hit) -> None:
        """Takes out of the limit's log what left its window, without waiting."""

    def tell(self, hit: hits.Hit) -> None:
        """Sends what a written page leaves behind, without waiting."""


class Line(Protocol):
    """A connection to a server."""

    @property
    def ask(self) -> Callable[[bytes, int], Future[list[Any]]]:
        """(encoded commands, how many) -> the replies."""

    @property
    def tell(self) -> Callable[[bytes, int], object]:
        """The same without waiting."""


class Trips:
    """Carries what hits ask and tell, for `Pages`: over the limit's line and the feeds', which may be the same."""

    def __init__(self, common: Line, feeds: Line) -> None:
        self.common = common
        self.feeds = feeds

    def fetch(self, hit: hits.Hit) -> Future[list[Any]]:
        return self.both(hit) if hit.reading_replies else self.common.ask(hit.commands, hit.replies)

    def forget(self, hit: hits.Hit) -> None:
        self.common.tell(hit.forgotten, hit.forgets)

    def tell(self, hit: hits.Hit) -> None:
        self.feeds.tell(hit.told, 1)

    def both(self, hit: hits.Hit) -> Future[list[Any]]:
        """The replies of a hit that asks both; for who inherits."""
        raise ValueError("the feeds are elsewhere")


class Read:
    """The hot reads of a feed; for `hotpath.door`."""

    def __init__(
        self,
        made: hits.Hits,
        pages: Pages,
        known: dict[bytes, Reader],
        clock: Callable[[], int],
        *,
        pulls: bool,
        headers: Headers,
    ) -> None:
        """`known` are readers by their Authorization header; `clock` gives ms since 1970; `headers` are those of every
        answer; `pulls`: a hit is only a page where `pulled` says that it is whole."""
        self.hits = made
        self.pages = pages
        self._known = known
        self._clock = clock
        self._pulls = pulls
        self._dice = Dice()
        self._headers = list(headers)
        self._sized: dict[int, Headers] = {}

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Future[list[Any]], hits.Hit] | None:
        """Sends what a page needs. None, with nothing counted, for what is not plain."""
        if fields.authorization is None:
            return None
        now_ms = self._clock()
        reader = self._known.get(fields.authorization)
        if reader is None or now_ms >= reader.until_ms:
            reader = self.find(fields.authorization, now_ms)
        stamp = self.pages.stamp()
        if reader is None or stamp is None:
            return None
        hit = self.hits.ask(reader, query, now_ms, *stamp)
        return None if hit is None else (self.pages.fetch(hit), hit)

    def answer(self, hit: hits.Hit, replies: list[Any]) -> Any:
        """A page, or what came of something else."""
        came_to = self.hits.read(hit, replies)
        if hit.forgets:
            self.pages.forget(hit)
        if came_to == hits.READY and not (self._pulls and self.pulled(hit)):
            return self.written(hit, None)
        return self.otherwise(hit, replies, came_to)

    def written(self, hit: hits.Hit, entries: Sequence[Entry | None] | None) -> Any:
        """The page from the entries that were found, or from these."""
        body = self.hits.write(hit, entries, self._dice.draw(hits.NONCE_BYTES))
        if body is None:
            return self.otherwise(hit, [], hits.GO_ON)
        if hit.told:
            self.pages.tell(hit)
        return self.personal(hit, body, hit.remaining)

    def personal(self, hit: hits.Hit, body: bytes, remaining: int) -> Answer:
        """The answer with this body."""
        headers = self._sized.get(len(body))
        if headers is None:
            headers = [*self._headers, (b"content-length", b"%d" % len(body))]
            if len(self._sized) < HEADERS_KEPT:
                self._sized[len(body)] = headers
        return Answer(200, headers, body, hit.reader.user_id, remaining)

    def find(self, authorization: bytes, now_ms: int) -> Reader | None:
        """The reader of a header that is not known, or not any more."""
        return None

    def pulled(self, hit: hits.Hit) -> bool:
        """Whether something belongs onto the page that is in no feed."""
        return False

    def otherwise(self, hit: hits.Hit, replies: list[Any], came_to: int) -> Any:
        """What is no hit, by what `hotpath.hits` said that it came to; READY, if something is to be pulled."""
        return None
