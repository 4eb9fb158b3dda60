import { expect, it } from "vitest";
import { formatAgo, formatBytes, formatCount, formatDuration, formatTimeLeft } from "./format";

it("shortens counts", () => {
  expect([0, 999, 1_234, 4_500_000].map(formatCount)).toEqual(["0", "999", "1.2K", "4.5M"]);
});

it("says how long ago", () => {
  const now = Date.UTC(2026, 5, 30, 12);
  const ago = (seconds: number) => formatAgo(now - seconds * 1000, now);
  expect([5, 61, 7_300, 200_000].map(ago)).toEqual(["now", "1 min", "2 h", "2 d"]);
  expect(ago(30 * 86_400)).toBe("May 31, 2026");
});

it("says how long, how much and how long still", () => {
  expect(formatDuration(75.4)).toBe("1:15");
  expect(formatBytes(1.5 * 2 ** 20)).toBe("1.5 MB");
  expect([null, 0.4, 42, 300].map(formatTimeLeft)).toEqual([
    "estimating…",
    "almost done",
    "42 s left",
    "5 min left",
  ]);
});
