import { describe, expect, it } from "vitest";
import { FRESH_VIEWING, type Viewing, watch } from "./viewing";

/** Plays a clip of `durationMs` through the given positions and collects what is reported where. */
function play(durationMs: number, positions: number[], from: Viewing = FRESH_VIEWING) {
  let viewing = from;
  const reported: [string, number][] = [];
  for (const positionMs of positions) {
    const [next, reports] = watch(viewing, { positionMs, durationMs });
    viewing = next;
    for (const report of reports) reported.push([report, positionMs]);
  }
  return { viewing, reported };
}

const every250 = (from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / 250) + 1 }, (_, i) => from + i * 250);

describe("what a viewing reports", () => {
  it("starts with the first moment and engages after two seconds", () => {
    const { reported } = play(10_000, every250(0, 3_000));
    expect(reported).toEqual([
      ["start", 0],
      ["engaged", 2_000],
    ]);
  });

  it("engages in a short clip at half of it", () => {
    expect(play(3_000, every250(0, 1_750)).reported).toEqual([
      ["start", 0],
      ["engaged", 1_500],
    ]);
  });

  it("completes once, then counts loops", () => {
    const pass = every250(0, 4_750);
    const { reported, viewing } = play(5_000, [...pass, ...pass, ...pass]);
    expect(reported.map(([type]) => type)).toEqual(["start", "engaged", "complete", "loop", "loop"]);
    expect(viewing.watchedMs).toBe(14_750);
  });

  it("completes when the last moment before the wrap was missed", () => {
    const { reported } = play(5_000, [...every250(0, 4_500), 100]);
    expect(reported.at(-1)).toEqual(["complete", 100]);
  });

  it("does not take a seek for watching", () => {
    const { reported, viewing } = play(60_000, [0, 250, 55_000, 55_250, 59_800, 59_950]);
    expect(reported).toEqual([["start", 0]]);
    expect(viewing.watchedMs).toBe(650);
  });

  it("does not take a seek back to the beginning for a whole pass", () => {
    const { reported } = play(20_000, [...every250(0, 2_500), 0, 250]);
    expect(reported.map(([type]) => type)).toEqual(["start", "engaged"]);
  });

  it("stops counting loops after a bound", () => {
    const pass = every250(0, 2_750);
    const { reported } = play(3_000, Array.from({ length: 40 }, () => pass).flat());
    expect(reported.filter(([type]) => type === "loop")).toHaveLength(19);
  });
});
