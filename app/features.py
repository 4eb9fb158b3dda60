"""Adapters → services: who is given what. Dull lists, in one place."""

import msgspec
from litestar import Router

from app.cards.access import Access
from app.cards.hydrate import Hydrator
from app.cards.page import Pages
from app.cards.people import People
from app.cards.refresh import Refresh
from app.cards.renew import AuthorCards
from app.core.clock import Clock
from app.core.config import Settings
from app.core.cursors import Cursors
from app.core.playback import Playbacks
from app.core.tokens import Tokens
from app.http.countries import Countries
from app.http.hot import HotRead
from app.http.limits import Limits, Policy
from app.http.viewer import Doorkeeper
from app.ports.blobs import Access as MediaQuestion
from app.ports.blobs import MediaAccess
from app.services.auth import routes as auth_routes
from app.services.auth.actions import AuthActions
from app.services.auth.passwords import Passwords
from app.services.auth.reads import AuthReads
from app.services.auth.suspension import SuspensionActions
from app.services.feed import routes as feed_routes
from app.services.feed.board import Board
from app.services.feed.candidates import SOURCES_SHARE, Candidates
from app.services.feed.following import Following
from app.services.feed.for_you import ForYou
from app.services.feed.hot import HOT_FEEDS, HotFeed, Readers
from app.services.feed.hot_trending import HotTrending
from app.services.feed.pulled import Pulled
from app.services.feed.reads import FeedReads
from app.services.feed.ready import Ready
from app.services.feed.roster import Roster
from app.services.feed.rule import rule_of
from app.services.feed.seen import SeenReads
from app.services.feed.sources import Sources
from app.services.feed.tiers import Limits as TierLimits
from app.services.feed.tiers import Tiering
from app.services.feed.trending import TrendingReads
from app.services.feed.views import Views
from app.services.social import routes as social_routes
from app.services.social.comments import CommentActions, CommentReads
from app.services.social.graph import GraphActions, GraphReads
from app.services.social.reactions import ReactionActions
from app.services.users import routes as user_routes
from app.services.users.actions import UserActions
from app.services.users.reads import UserReads
from app.services.video import routes as video_routes
from app.services.video.actions import VideoActions
from app.services.video.reads import VideoReads
from app.services.video.uploads import Uploads
from app.stores import Stores


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What the routes and the workers use."""

    hydrator: Hydrator
    pages: Pages
    people: People
    uploads: Uploads
    doorkeeper: Doorkeeper
    limits: Limits
    passwords: Passwords
    auth: AuthActions
    author_cards: AuthorCards
    suspensions: SuspensionActions
    feeds: FeedReads
    tiering: Tiering
    board: Board
    ready: Ready
    roster: Roster
    trusted_after_ms: int  # as old is an account whose doings weigh in trending's `velocity`
    trending: TrendingReads
    views: Views
    videos: VideoActions
    comments: CommentActions
    reactions: ReactionActions
    edges: GraphActions
    users: UserActions
    routers: list[Router]
    hot: dict[str, HotRead]


def build(settings: Settings, stores: Stores, clock: Clock) -> Features:
    """Every feature over these stores."""
    cursors = Cursors(stores.secret)
    hydrator = Hydrator(
        stores.cards, stores.viewers, stores.videos, stores.users, stores.musics, stores.graph, stores.reactions
    )
    pages = Pages(hydrator, stores.secret, clock)
    people = People(stores.users, stores.accounts, stores.graph, stores.reactions, stores.videos)
    tokens = Tokens(stores.keys, settings.public_url, settings.access_ttl_max_s)
    doorkeeper = Doorkeeper(tokens, stores.sessions, stores.accounts, clock)
    passwords = Passwords()
    auth = AuthActions(stores.accounts, stores.sessions, people, tokens, passwords, doorkeeper, stores.secret, clock)
    author_cards = AuthorCards(stores.videos, hydrator)
    uploads = Uploads(stores.videos, stores.musics, stores.blobs, settings, clock)
    access = Access(stores.videos, stores.users, hydrator)
    video_reads = VideoReads(
        access, stores.videos, stores.musics, stores.jobs, uploads, pages, cursors, stores.secret, clock
    )
    video_actions = VideoActions(stores.videos, stores.jobs, uploads, hydrator, video_reads, settings, clock)
    playbacks = Playbacks(stores.secret)
    roster = Roster(stores.tiers, clock)
    feed_reads = _feed_reads(settings, stores, pages, roster, cursors, playbacks, clock)
    board, trending, ready = _trending(settings, stores, pages, cursors, clock)
    views = Views(access, stores.activity, stores.users, playbacks, stores.secret, clock)
    refresh = Refresh(stores.viewers)
    reactions = ReactionActions(access, stores.reactions, stores.users, refresh, settings.public_url, clock)
    comments = CommentActions(access, stores.comments, people, clock)
    comment_reads = CommentReads(access, stores.comments, people, cursors, clock)
    edges = GraphActions(stores.graph, people, refresh, clock)
    users = UserActions(stores.users, people, stores.blobs, stores.media, stores.work_root, clock)
    user_reads = UserReads(people, stores.videos, stores.reactions, stores.activity, pages, cursors, clock)
    limits = Limits(stores.limiter, settings)
    secure = settings.public_url.startswith("https:")
    countries = Countries(settings.region_header)
    return Features(
        hydrator=hydrator,
        pages=pages,
        people=people,
        uploads=uploads,
        doorkeeper=doorkeeper,
        limits=limits,
        passwords=passwords,
        auth=auth,
        author_cards=author_cards,
        suspensions=SuspensionActions(stores.suspensions, stores.sessions, author_cards, clock),
        feeds=feed_reads,
        tiering=Tiering(stores.tiers, stores.graph, TierLimits.of(settings), clock),
        board=board,
        ready=ready,
        roster=roster,
        trusted_after_ms=settings.trending_trusted_after_s * 1000,
        trending=trending,
        views=views,
        videos=video_actions,
        comments=comments,
        reactions=reactions,
        edges=edges,
        users=users,
        routers=[
            auth_routes.jwks(stores.keys),
            auth_routes.routes(auth, AuthReads(stores.accounts, cursors, clock), stores.accounts, secure=secure),
            video_routes.routes(uploads, video_actions, video_reads, stores.videos),
            social_routes.reaction_routes(reactions, countries),
            social_routes.comment_routes(comments, comment_reads, stores.accounts),
            social_routes.graph_routes(edges, GraphReads(stores.graph, people, cursors, clock)),
            user_routes.routes(users, user_reads, people),
            feed_routes.routes(feed_reads, trending, ready, views, countries),
        ],
        hot=_hot_reads(stores, limits.policy("feed"), doorkeeper, roster, cursors, playbacks, feed_reads, ready, clock),
    )


def _feed_reads(
    settings: Settings,
    stores: Stores,
    pages: Pages,
    roster: Roster,
    cursors: Cursors,
    playbacks: Playbacks,
    clock: Clock,
) -> FeedReads:
    hydrator = pages.hydrator
    pulled = Pulled(stores.feeds, stores.videos, stores.users, stores.active, roster, clock)
    sources = Sources(stores.feeds, stores.videos, hydrator, pulled, clock)
    following = Following(stores.feeds, sources, pulled)
    budget_s = settings.for_you_budget_ms / 1000
    candidates = Candidates(
        stores.videos,
        stores.users,
        stores.activity,
        stores.trending,
        stores.exploration,
        hydrator,
        sources,
        clock,
        timeout_s=budget_s * SOURCES_SHARE,
    )
    seen = SeenReads(stores.seen, stores.activity, clock)
    for_you = ForYou(stores.builds, stores.exploration, candidates, seen, hydrator, clock, budget_s=budget_s)
    return FeedReads(stores.feeds, stores.videos, for_you, following, pages, cursors, playbacks, clock)


def _trending(
    settings: Settings, stores: Stores, pages: Pages, cursors: Cursors, clock: Clock
) -> tuple[Board, TrendingReads, Ready]:
    board = Board(rule_of(settings.trending_rule, stores.ledger), stores.ledger, stores.trending, pages, clock)
    trending = TrendingReads(board, stores.feeds, pages, cursors, clock)
    ready = Ready(trending.shared, stores.invalidations)
    pages.hydrator.listen(ready.hear)
    return board, trending, ready


def _hot_reads(
    stores: Stores,
    policy: Policy,
    doorkeeper: Doorkeeper,
    roster: Roster,
    cursors: Cursors,
    playbacks: Playbacks,
    feed_reads: FeedReads,
    ready: Ready,
    clock: Clock,
) -> dict[str, HotRead]:
    """What is answered before the framework, by path."""
    readers = Readers(doorkeeper, stores.hot_pages, policy)
    feeds: dict[str, HotRead] = {
        f"/api/v1/feed/{path}": HotFeed(
            kind, policy, stores.hot_pages, stores.cards, readers, roster, cursors, playbacks, feed_reads, clock
        )
        for path, kind in HOT_FEEDS.items()
    }
    return {**feeds, "/api/v1/feed/trending": HotTrending(policy, stores.hot_pages, ready)}


def media_access(stores: Stores) -> MediaQuestion:
    """What the media origin asks of a video."""

    async def access(video_id: str) -> MediaAccess | None:
        found = await stores.videos.get(video_id)
        if found is None or found.video.media is None:
            return None
        video = found.video
        author = await stores.users.get(video.user_id)
        suspended = author is None or author.suspended_at is not None
        # Only what is active is public; before that, its author looks at it under a signed prefix.
        public = video.visibility == "public" and video.status == "active"
        return MediaAccess(found.video.media.version, public, video.status != "deleted" and not suspended)

    return access
