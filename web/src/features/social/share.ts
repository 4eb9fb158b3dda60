import type { Video } from "../../api/types";
import { patchVideo } from "../../api/videoCache";
import { shareVideo } from "../../api/videos";

export const linkTo = (video: Video) => `${location.origin}/v/${video.video_id}`;

/** The share itself has happened already: a lost count is no reason to trouble anybody. */
export function countShare(video: Video, channel: "link" | "system"): void {
  shareVideo(video.video_id, channel).then(
    ({ share_count }) =>
      patchVideo(video.video_id, (card) => ({ ...card, stats: { ...card.stats, shares: share_count } })),
    (error: unknown) => console.warn("The share was not counted:", error),
  );
}

/** The system's share sheet. False when there is none, so that the page shows its own dialog. */
export function shareBySystem(video: Video): boolean {
  const data = {
    title: video.title,
    text: `${video.title} by @${video.user.username}`,
    url: linkTo(video),
  };
  if (!navigator.canShare?.(data)) return false;
  navigator.share(data).then(
    () => countShare(video, "system"),
    (error: unknown) => {
      const dismissed = error instanceof DOMException && error.name === "AbortError";
      if (!dismissed) console.warn("The share sheet failed:", error);
    },
  );
  return true;
}
