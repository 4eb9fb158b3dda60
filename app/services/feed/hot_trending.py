"""Trending for visitors without a token: the answer is ready, only the request is counted."""

import re
from typing import Any, Final

from app.core.errors import Invalid
from app.http.hot import Answer, Fields, Outcome, Waiter
from app.http.limits import Policy, visitor_name
from app.ports.hot import HotPages
from app.ports.limiter import Verdict
from app.services.feed.ready import Ready
from app.services.feed.trending import scope_of
from hotpath.hits import DEFAULT_LIMIT, LIMIT

_PAIR: Final = re.compile(
    rb"(?:(limit|page)=(0|[1-9][0-9]?)|region=([A-Za-z]{2})|category=([a-z0-9]{1,30}))\Z"
)  # what needs no more than looking at
_QUERIES: Final = 1024  # texts of queries, taken apart
Asked = tuple[str, int, int]  # scope, page, limit


class HotTrending:
    """`app.http.hot.HotRead`."""

    def __init__(self, policy: Policy, pages: HotPages, ready: Ready) -> None:
        self.policy = policy
        self._pages = pages
        self._ready = ready
        self._counted = (policy.name, policy.limit, policy.window_s)
        self._queries: dict[bytes, Asked] = {}

    def ask(self, query: bytes, fields: Fields, host: str) -> tuple[Waiter, Any] | None:
        if fields.authorization is not None:
            return None
        asked = self._queries.get(query) or self._parsed(query)
        if asked is None:
            return None
        counting = self._pages.count(visitor_name(host), self._counted)
        return None if counting is None else (counting[0], (counting[1], asked, fields))

    def answer(self, asked: Any, replies: list[Any]) -> Outcome:
        """The answer, if it is ready."""
        attempt, (scope, page, limit), fields = asked
        verdict = self._pages.counted(attempt, replies)
        if not verdict.allowed:
            return verdict
        found = self._ready.find(scope, page, limit, fields.accept_encoding or b"", fields.if_none_match)
        return verdict if found is None else Answer(found.status, found.headers, found.body, b"-", verdict.remaining)

    async def in_full(self, asked: Any, verdict: Verdict) -> Outcome:
        """An answer that is not ready is seldom: the framework may make it."""
        return verdict

    def _parsed(self, query: bytes) -> Asked | None:
        asked = parse(query)
        if asked is not None and len(self._queries) < _QUERIES:
            self._queries[query] = asked
        return asked


def parse(query: bytes) -> Asked | None:
    """List, page and limit of a plain query; None for one that must be judged by the rules of the route."""
    values: dict[str, str] = {}
    for pair in query.split(b"&") if query else []:
        match = _PAIR.match(pair)
        name, _, value = pair.decode("latin-1").partition("=")
        if match is None or name in values:
            return None
        values[name] = value
    page, limit = int(values.get("page", "0")), int(values.get("limit", str(DEFAULT_LIMIT)))
    try:
        scope = scope_of(values.get("region"), values.get("category"))
    except Invalid:
        return None
    return (scope, page, limit) if 1 <= limit <= LIMIT else None
