/** Waits, unless the signal fires first: then it rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** The n-th wait (from 0): doubling from `firstMs` up to `maxMs`, ±20 % so that many clients spread out. */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random = Math.random()): number {
  return Math.min(maxMs, firstMs * 2 ** attempt) * (0.8 + 0.4 * random);
}
