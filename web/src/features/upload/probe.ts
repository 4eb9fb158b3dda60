/** What the browser can tell about a file before it is sent. */
export interface Probe {
  durationSec: number;
  width: number;
  height: number;
  /** False when this browser can't play the format: then the server reads the real values. */
  playable: boolean;
}

const TIMEOUT_MS = 8_000;
const UNKNOWN: Probe = { durationSec: 1, width: 720, height: 1280, playable: false };

/** Reads duration and size from the file's metadata. Never rejects: an unreadable file is simply not playable. */
export function probeFile(url: string): Promise<Probe> {
  return new Promise((resolve) => {
    const video = document.createElement("video");
    const finish = (probe: Probe) => {
      clearTimeout(timer);
      video.removeAttribute("src");
      resolve(probe);
    };
    const timer = setTimeout(() => finish(UNKNOWN), TIMEOUT_MS);
    video.preload = "metadata";
    video.muted = true;
    video.onerror = () => finish(UNKNOWN);
    video.onloadedmetadata = () => {
      const { duration, videoWidth: width, videoHeight: height } = video;
      const known = Number.isFinite(duration) && duration > 0 && width > 0 && height > 0;
      finish(
        known
          ? { durationSec: Math.round(duration * 1000) / 1000, width, height, playable: true }
          : UNKNOWN,
      );
    };
    video.src = url;
  });
}
