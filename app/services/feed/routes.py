"""/api/v1/feed and the reports of views."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from app.http.countries import Countries
from app.http.limits import client_address
from app.http.paging import Cursor, Id, Limit, PageNumber
from app.http.viewer import CurrentViewer, Visitor
from app.http.whole import Whole, field
from app.services.feed.reads import FeedReads
from app.services.feed.ready import Ready
from app.services.feed.schemas import FeedPage, ViewAnswer, ViewReport
from app.services.feed.trending import TrendingReads, scope_of
from app.services.feed.views import Views

PERSONAL: Final = {"cache-control": "private, no-store"}
_PERSONAL: Final = [(b"content-type", b"application/json"), (b"cache-control", b"private, no-store")]
_encode: Final = msgspec.json.Encoder().encode
SHARED: Final = {"cache-control": "public, max-age=1, stale-while-revalidate=1", "vary": "authorization"}
Region = Annotated[str | None, QueryParameter(max_length=8, description="ISO 3166, such as `US`.")]
Category = Annotated[str | None, QueryParameter(max_length=30, description="A category, such as `dance`.")]


def routes(reads: FeedReads, trending: TrendingReads, ready: Ready, views: Views, countries: Countries) -> Router:
    """The router."""

    @get("/feed/for-you", opt={"limit": "feed"})
    async def for_you(
        viewer: CurrentViewer, page: PageNumber = 0, cursor: Cursor = None, limit: Limit = 20
    ) -> Response[FeedPage]:
        """What the viewer may like."""
        return _personal(await reads.page("feed", viewer, page, cursor, limit))

    @get("/feed/following", opt={"limit": "feed"})
    async def following(
        viewer: CurrentViewer, page: PageNumber = 0, cursor: Cursor = None, limit: Limit = 20
    ) -> Response[FeedPage]:
        """The newest of everybody the viewer follows."""
        return _personal(await reads.page("following", viewer, page, cursor, limit))

    @get("/feed/trending", opt={"limit": "feed"}, responses={304: ResponseSpec(None, description="Unchanged.")})
    async def trending_(
        request: Request[Any, Any, Any],
        visitor: Visitor,
        region: Region = None,
        category: Category = None,
        page: PageNumber = 0,
        cursor: Cursor = None,
        limit: Limit = 20,
    ) -> Response[FeedPage]:
        """What everybody watches, of the world, a region or a category."""
        scope = scope_of(region, category)
        if visitor is not None or cursor is not None:
            answer = await trending.page(scope, visitor, page, cursor, limit)
            return Response(answer, headers=PERSONAL if visitor else SHARED)
        asked = scope, page, limit, field(request, b"accept-encoding") or b"", field(request, b"if-none-match")
        found = ready.find(*asked) or await ready.make(*asked)
        return Whole(found.status, found.headers, found.body)

    @post("/videos/{video_id:str}/views", status_code=202, opt={"limit": "view"})
    async def view(
        request: Request[Any, Any, Any], visitor: Visitor, video_id: Id, data: JSONBody[ViewReport]
    ) -> ViewAnswer:
        """Reports a fact about a playback."""
        agent = request.headers.get("user-agent", "")[:300]
        return await views.report(visitor, client_address(request), agent, video_id, data, countries.of(request))

    return Router("/api/v1", route_handlers=[for_you, following, trending_, view], tags=["feed"])


def _personal(page: FeedPage) -> Response[FeedPage]:
    body = _encode(page)
    return Whole(200, [*_PERSONAL, (b"content-length", b"%d" % len(body))], body)
