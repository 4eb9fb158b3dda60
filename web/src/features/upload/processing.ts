import { ApiError } from "../../api/problem";
import type { ProcessingState } from "../../api/types";
import { getStatus } from "../../api/videos";
import { backoffMs, pause } from "./patience";

const FIRST_WAIT_MS = 700;
const MAX_WAIT_MS = 5_000;
const GIVE_UP_MS = 45 * 60_000;
const MAX_FAILURES = 8;

const settled = (state: ProcessingState) =>
  state.status === "active" ||
  state.status === "failed" ||
  state.status === "deleted" ||
  state.moderation_status === "rejected";

/**
 * Follows a clip until it can be watched or never will be, asking quickly while something moves and ever less often
 * while nothing does. Resolves to the last state, which is unsettled only after the time has run out.
 */
export async function followProcessing(
  videoId: string,
  onState: (state: ProcessingState) => void,
  signal: AbortSignal,
): Promise<ProcessingState> {
  const until = Date.now() + GIVE_UP_MS;
  let last: ProcessingState | null = null;
  let still = 0;
  let failures = 0;
  for (;;) {
    try {
      const state = await getStatus(videoId, signal);
      still = last && last.progress === state.progress && last.status === state.status ? still + 1 : 0;
      failures = 0;
      last = state;
      onState(state);
      if (settled(state) || Date.now() > until) return state;
    } catch (error) {
      const passing =
        error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (!passing || ++failures >= MAX_FAILURES) throw error;
      still++;
    }
    await pause(backoffMs(still, FIRST_WAIT_MS, MAX_WAIT_MS), signal);
  }
}
