import { type RefObject, useEffect } from "react";
import { FRESH_VIEWING, watch } from "./viewing";
import { queueView } from "./viewReports";

/** Reports what is seen of a clip from the moment it becomes active until it leaves. */
export function useViewReports(
  ref: RefObject<HTMLVideoElement | null>,
  videoId: string,
  playbackToken: string | null,
  active: boolean,
): void {
  useEffect(() => {
    const video = ref.current;
    if (!video || !active) return;
    let viewing = FRESH_VIEWING;
    const onMoment = () => {
      if (video.paused || video.seeking || !Number.isFinite(video.duration) || video.readyState < 2) return;
      const positionMs = Math.round(video.currentTime * 1000);
      const [next, reports] = watch(viewing, { positionMs, durationMs: video.duration * 1000 });
      viewing = next;
      for (const type of reports) {
        queueView(videoId, {
          type,
          watched_ms: Math.round(viewing.watchedMs),
          position_ms: positionMs,
          ...(playbackToken ? { playback_token: playbackToken } : {}),
        });
      }
    };
    video.addEventListener("playing", onMoment);
    video.addEventListener("timeupdate", onMoment);
    return () => {
      video.removeEventListener("playing", onMoment);
      video.removeEventListener("timeupdate", onMoment);
    };
  }, [ref, videoId, playbackToken, active]);
}
