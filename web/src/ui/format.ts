const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });

/** 1234 → "1.2K". */
export function formatCount(count: number): string {
  return compact.format(count);
}

const AGO: readonly [limitS: number, unitS: number, suffix: string][] = [
  [3_600, 60, "min"],
  [86_400, 3_600, "h"],
  [7 * 86_400, 86_400, "d"],
];

/** How long ago, in one short word; from a week on the date. */
export function formatAgo(atMs: number, nowMs = Date.now()): string {
  const seconds = Math.max(0, (nowMs - atMs) / 1000);
  if (seconds < 60) return "now";
  for (const [limit, unit, suffix] of AGO) {
    if (seconds < limit) return `${Math.floor(seconds / unit)} ${suffix}`;
  }
  return day.format(atMs);
}

/** 75.4 → "1:15". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Bytes in the units the limits are stated in (MB = 2^20). */
export function formatBytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 2 ** 20).toFixed(bytes < 100 * 2 ** 20 ? 1 : 0)} MB`;
}

/** 95 → "2 min left"; null (not yet known) → "estimating…". */
export function formatTimeLeft(seconds: number | null): string {
  if (seconds === null) return "estimating…";
  if (seconds < 1.5) return "almost done";
  if (seconds < 90) return `${Math.round(seconds)} s left`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min left`;
  return `${(seconds / 3600).toFixed(1)} h left`;
}
