import { newEventId } from "../api/ids";
import { ApiError } from "../api/problem";
import type { ViewReport } from "../api/types";
import { reportView } from "../api/videos";

/**
 * Reports leave one after another, because a `start` on a shared page answers with the playback token that the
 * later ones must carry. A report that could not be delivered stays for the next occasion: its event id makes a
 * repeat harmless.
 */
interface Waiting {
  videoId: string;
  report: ViewReport;
}

const MAX_WAITING = 50;

const waiting: Waiting[] = [];
const tokens = new Map<string, string>();
let sending = false;

export function queueView(videoId: string, report: Omit<ViewReport, "event_id">): void {
  waiting.push({ videoId, report: { ...report, event_id: newEventId() } });
  if (waiting.length > MAX_WAITING) waiting.shift();
  void sendAll();
}

async function sendAll(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (let next = waiting[0]; next; next = waiting[0]) {
      if (!(await delivered(next))) return;
      if (waiting[0] === next) waiting.shift();
    }
  } finally {
    sending = false;
  }
}

async function delivered({ videoId, report }: Waiting): Promise<boolean> {
  const token = tokens.get(videoId) ?? report.playback_token;
  try {
    const answer = await reportView(videoId, token ? { ...report, playback_token: token } : report);
    if (answer.playback_token) keepToken(videoId, answer.playback_token);
    return true;
  } catch (error) {
    // Refused for good (the clip has gone, the token is spent): never ask again. Anything else may yet pass.
    if (error instanceof ApiError && error.status === 400) tokens.delete(videoId);
    return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;
  }
}

function keepToken(videoId: string, token: string): void {
  tokens.delete(videoId);
  tokens.set(videoId, token);
  const oldest = tokens.keys().next();
  if (tokens.size > MAX_WAITING && !oldest.done) tokens.delete(oldest.value);
}
