import { lockSound } from "./sound";

/** Plays with sound if wanted and allowed, else without; resolves to false when playing is not possible now. */
export async function playAloud(video: HTMLVideoElement, muted: boolean): Promise<boolean> {
  video.muted = muted;
  try {
    await video.play();
    return true;
  } catch (error) {
    const refused = error instanceof DOMException && error.name === "NotAllowedError";
    // AbortError: a pause or a new source came first, and whoever did that knows what comes next.
    if (!refused || muted) return false;
    lockSound();
    return playAloud(video, true);
  }
}
