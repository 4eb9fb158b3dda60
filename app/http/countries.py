"""Where a visitor is, as a proxy says that the operator trusts to know."""

from typing import Any, Final

from litestar import Request

from app.core import text
from app.core.errors import Invalid

UNKNOWN: Final = frozenset({"XX", "ZZ"})  # what proxies write when they don't know


class Countries:
    """Reads the header of `KINORA_REGION_HEADER`; without one nobody's country is known. Only where every request
    passes the proxy, which must replace what clients send, can its word be taken."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def of(self, request: Request[Any, Any, Any]) -> str | None:
        """ISO 3166, upper case; None if the proxy does not say, or says nothing of that form."""
        value = request.headers.get(self._header) if self._header else None
        if value is None:
            return None
        try:
            country = text.country(value.strip(), "")
        except Invalid:
            return None
        return None if country in UNKNOWN else country
