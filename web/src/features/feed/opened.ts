import type { PagedStore } from "../../api/pagedStore";
import type { Video } from "../../api/types";

let opened: PagedStore<Video> | null = null;

/** Notes the list that a clip is being opened from, so that one can swipe on through it. */
export function openFrom(store: PagedStore<Video>): void {
  opened = store;
}

/** That list, if it holds the clip. A reload or a shared link has none. */
export function takeOpened(videoId: string): PagedStore<Video> | null {
  const list = opened;
  opened = null;
  return list?.get().items.some((video) => video.video_id === videoId) ? list : null;
}

/** One's own list also holds clips that are still being prepared, or failed. */
export function playable(videos: readonly Video[]): readonly Video[] {
  return videos.every((video) => video.status === "active")
    ? videos
    : videos.filter((video) => video.status === "active");
}
