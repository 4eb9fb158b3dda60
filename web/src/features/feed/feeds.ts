import { type FeedKind, getFeed } from "../../api/feed";
import { createPagedStore, type PagedStore } from "../../api/pagedStore";
import { createStore, type Store } from "../../api/store";
import type { Video } from "../../api/types";
import { onSessionChange } from "../auth/session";

/** The feeds, their addresses in this page, and their names. */
export const FEEDS: readonly { kind: FeedKind; href: string; label: string }[] = [
  { kind: "following", href: "/following", label: "Following" },
  { kind: "for-you", href: "/", label: "For You" },
  { kind: "trending", href: "/trending", label: "Trending" },
];

/** A list of clips and where one is in it. It outlives its screen, so that "back" returns to the same clip. */
export interface ClipFeed {
  readonly store: PagedStore<Video>;
  readonly place: Store<number>;
}

const feeds = new Map<FeedKind, ClipFeed>();

export function feedOf(kind: FeedKind): ClipFeed {
  const known = feeds.get(kind);
  if (known) return known;
  const store = createPagedStore<Video>(
    async (cursor) => {
      const page = await getFeed(kind, cursor);
      return { items: page.videos, nextCursor: page.next_cursor, hasMore: page.has_more };
    },
    (video) => video.video_id,
  );
  const feed = { store, place: createStore(0) };
  feeds.set(kind, feed);
  return feed;
}

/** Starts a feed afresh, from its top. */
export function refreshFeed(kind: FeedKind): void {
  const { store, place } = feedOf(kind);
  place.set(0);
  void store.restart();
}

// Feeds are personal: nobody may see the one of whoever was here before.
onSessionChange(() => feeds.clear());
