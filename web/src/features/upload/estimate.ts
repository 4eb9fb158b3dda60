/** How fast something moves, smoothed so that the time left neither jumps nor lags. Units are the caller's. */
export interface Estimate {
  readonly atMs: number;
  readonly done: number;
  readonly ratePerMs: number | null;
}

/** After this long an old speed counts half (exponentially weighted moving average). */
const HALF_LIFE_MS = 4_000;
/** Shorter steps say more about timers than about the network. */
const MIN_STEP_MS = 250;

export function startEstimate(atMs: number, done: number): Estimate {
  return { atMs, done, ratePerMs: null };
}

/** Pure: takes in how much is done by now. */
export function updateEstimate(before: Estimate, atMs: number, done: number): Estimate {
  const step = atMs - before.atMs;
  if (step < MIN_STEP_MS) return before;
  const rate = Math.max(0, done - before.done) / step;
  if (before.ratePerMs === null) return { atMs, done, ratePerMs: rate > 0 ? rate : null };
  const keep = 0.5 ** (step / HALF_LIFE_MS);
  return { atMs, done, ratePerMs: keep * before.ratePerMs + (1 - keep) * rate };
}

/** Seconds until `total`, or null while no speed is known. */
export function secondsLeft({ done, ratePerMs }: Estimate, total: number): number | null {
  if (done >= total) return 0;
  if (ratePerMs === null || ratePerMs <= 0) return null;
  return (total - done) / ratePerMs / 1000;
}
