import { patchVideo } from "../../api/videoCache";

/** Moves the clip's comment count by what has just happened here. */
export function countComments(videoId: string, change: number): void {
  patchVideo(videoId, (video) => ({
    ...video,
    stats: { ...video.stats, comments: Math.max(0, video.stats.comments + change) },
  }));
}
