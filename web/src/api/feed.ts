import { call } from "./client";
import type { FeedPage, VideoPage } from "./types";
import { rememberVideos } from "./videoCache";

export type FeedKind = "for-you" | "following" | "trending";

const PAGE_SIZE = 10;

/** A null cursor starts a new feed session (`page=0`); later pages continue it without repeats. */
export async function getFeed(kind: FeedKind, cursor: string | null): Promise<VideoPage> {
  const page = await call<FeedPage>("GET", `feed/${kind}`, {
    query: cursor ? { cursor, limit: PAGE_SIZE } : { page: 0, limit: PAGE_SIZE },
  });
  const videos = page.videos.map((video) => ({ ...video, playback_token: page.playback_token ?? null }));
  rememberVideos(videos);
  return { ...page, videos };
}
