/**
 * How fast something moves: the average over a sliding window. A browser takes the first megabytes into its buffers
 * at once, which any estimate that trusts the latest step would mistake for the speed of the network. Units of `done`
 * are the caller's.
 */
export interface Estimate {
  /** At least one, oldest first. */
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

const WINDOW_MS = 12_000;
/** Before this, nothing that could be said would hold. */
const MIN_SPAN_MS = 1_000;
/** Samples closer together than this replace each other, which bounds their number. */
const MIN_STEP_MS = 250;

export function startEstimate(atMs: number, done: number): Estimate {
  return { samples: [{ atMs, done }] };
}

/** Pure: takes in how much is done by now. To be called when nothing moves too: a standstill is news. */
export function updateEstimate({ samples }: Estimate, atMs: number, done: number): Estimate {
  const recent = samples.filter((sample) => atMs - sample.atMs <= WINDOW_MS);
  // One older sample marks where the window begins.
  const before = samples.at(-recent.length - 1);
  const kept = before ? [before, ...recent] : recent;
  const last = kept.at(-1);
  const replaces = kept.length > 1 && last && atMs - last.atMs < MIN_STEP_MS;
  return { samples: [...(replaces ? kept.slice(0, -1) : kept), { atMs, done }] };
}

/** Seconds until `total`, or null while no speed is known. */
export function secondsLeft({ samples }: Estimate, total: number): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last) return null;
  if (last.done >= total) return 0;
  const spanMs = last.atMs - first.atMs;
  const moved = last.done - first.done;
  if (spanMs < MIN_SPAN_MS || moved <= 0) return null;
  return ((total - last.done) * spanMs) / moved / 1000;
}
