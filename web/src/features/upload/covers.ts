import type { Video } from "../../api/types";
import { getVideo } from "../../api/videos";

/** The pictures a clip's cover is chosen from, and which of them it is now (-1: none). */
export interface Covers {
  pictures: readonly string[];
  current: number;
}

/** Of a card that brings them; null of one from a list, which does not. */
export function coversOf({ thumbnails, thumbnail_url }: Video): Covers | null {
  if (!thumbnails) return null;
  return { pictures: thumbnails, current: thumbnails.indexOf(thumbnail_url ?? "") };
}

/** The clip with its covers: as it is if it has them, else asked for by itself. */
export async function withCovers(video: Video, signal: AbortSignal, load = getVideo): Promise<Video> {
  return video.thumbnails ? video : load(video.video_id, signal);
}
