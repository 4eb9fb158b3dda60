import type { ViewType } from "../api/types";

/** What one person has seen of one clip since it came on screen. Times in ms. */
export interface Viewing {
  readonly watchedMs: number;
  /** Watched since the last wrap to the beginning. */
  readonly passMs: number;
  readonly lastPositionMs: number | null;
  readonly started: boolean;
  readonly engaged: boolean;
  /** Whole passes reported: the first as `complete`, the others as `loop`. */
  readonly passes: number;
  readonly passReported: boolean;
}

export interface Moment {
  readonly positionMs: number;
  readonly durationMs: number;
}

export const FRESH_VIEWING: Viewing = {
  watchedMs: 0,
  passMs: 0,
  lastPositionMs: null,
  started: false,
  engaged: false,
  passes: 0,
  passReported: false,
};

const ENGAGED_MS = 2_000;
const ENGAGED_SHARE = 0.5;
/** A pass counts as whole when this share was really played, which the server checks too. */
const WHOLE_SHARE = 0.9;
/** Close enough to the end: `timeupdate` comes about four times a second. */
const END_MS = 300;
/** A larger step between two moments is a seek or a stall. Hidden tabs report about once a second. */
const MAX_STEP_MS = 1_500;
/** A clip left running all day says nothing new. */
const MAX_PASSES = 20;

/** Pure: the next state and what is to be reported, from a moment in which the clip is playing. */
export function watch(before: Viewing, { positionMs, durationMs }: Moment): [Viewing, ViewType[]] {
  const reports: ViewType[] = [];
  const last = before.lastPositionMs;
  const wrapped =
    last !== null && last > durationMs - MAX_STEP_MS && positionMs < MAX_STEP_MS && positionMs < last;
  const step = last === null ? 0 : wrapped ? durationMs - last + positionMs : positionMs - last;
  const played = step > 0 && step <= MAX_STEP_MS ? step : 0;
  const watchedMs = before.watchedMs + played;
  const passMs = before.passMs + played;

  if (!before.started) reports.push("start");
  const engaged =
    before.engaged ||
    watchedMs >= ENGAGED_MS ||
    (durationMs > 0 && watchedMs >= durationMs * ENGAGED_SHARE);
  if (engaged && !before.engaged) reports.push("engaged");

  const atEnd = wrapped || (durationMs > 0 && positionMs >= durationMs - END_MS);
  const whole =
    atEnd && !before.passReported && passMs >= durationMs * WHOLE_SHARE && before.passes < MAX_PASSES;
  if (whole) reports.push(before.passes === 0 ? "complete" : "loop");

  const after: Viewing = {
    watchedMs,
    passMs: wrapped ? positionMs : passMs,
    lastPositionMs: positionMs,
    started: true,
    engaged,
    passes: before.passes + (whole ? 1 : 0),
    passReported: wrapped ? false : before.passReported || whole,
  };
  return [after, reports];
}
