import { createStore } from "../../api/store";
import { type Estimate, secondsLeft, startEstimate, updateEstimate } from "./estimate";
import { followProcessing } from "./processing";

/** The upload under way. It lives outside the screens, so that one can watch other clips meanwhile. One at a time. */
export type UploadJob =
  | { phase: "none" }
  | { phase: "starting"; title: string }
  | ({ phase: "sending" } & Moving)
  | ({ phase: "processing"; review: boolean } & Moving)
  | { phase: "done"; title: string; videoId: string }
  | { phase: "failed"; title: string; videoId: string; reason: string; again: (() => void) | null };

interface Moving {
  title: string;
  videoId: string;
  /** 0–1 */
  share: number;
  secondsLeft: number | null;
}

export const uploadJob = createStore<UploadJob>({ phase: "none" });

/** Whoever watches the new clip needs no reminder of it any more. */
export function forgetDone(videoId: string): void {
  const job = uploadJob.get();
  if (job.phase === "done" && job.videoId === videoId) uploadJob.set({ phase: "none" });
}

const TICK_MS = 500;

/** Runs `send` and turns the bytes it reports into what the progress bar shows. */
export async function showSending<T>(
  title: string,
  videoId: string,
  totalBytes: number,
  send: (onSent: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  let estimate: Estimate | null = null;
  let sent = 0;
  const show = () => {
    const now = performance.now();
    estimate = estimate ? updateEstimate(estimate, now, sent) : startEstimate(now, sent);
    const share = Math.min(1, sent / totalBytes);
    uploadJob.set({
      phase: "sending",
      title,
      videoId,
      share,
      secondsLeft: secondsLeft(estimate, totalBytes),
    });
  };
  // A standstill sends no progress event, and changes the time left all the same.
  const ticking = setInterval(show, TICK_MS);
  try {
    return await send((bytes) => {
      sent = bytes;
      show();
    });
  } finally {
    clearInterval(ticking);
  }
}

/** Shows the processing until the clip is ready (resolves) or won't be; `retry` starts the processing again. */
export async function showProcessing(
  title: string,
  videoId: string,
  signal: AbortSignal,
  retry: () => void,
): Promise<void> {
  let estimate = startEstimate(performance.now(), 0);
  uploadJob.set({ phase: "processing", title, videoId, share: 0, secondsLeft: null, review: false });
  const last = await followProcessing(
    videoId,
    ({ progress, moderation_status }) => {
      estimate = updateEstimate(estimate, performance.now(), progress);
      uploadJob.set({
        phase: "processing",
        title,
        videoId,
        share: progress / 100,
        secondsLeft: secondsLeft(estimate, 100),
        review: progress >= 100 && moderation_status === "pending",
      });
    },
    signal,
  );
  const failed = (reason: string, again: (() => void) | null) =>
    uploadJob.set({ phase: "failed", title, videoId, reason, again });
  if (last.status === "active") uploadJob.set({ phase: "done", title, videoId });
  else if (last.status === "failed")
    failed(last.failure?.detail ?? "The clip could not be prepared.", retry);
  else if (last.moderation_status === "rejected")
    failed("This clip goes against the community rules.", null);
  else failed("This takes unusually long. Your profile shows when it is ready.", null);
}
