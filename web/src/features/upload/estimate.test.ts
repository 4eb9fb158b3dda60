import { expect, it } from "vitest";
import { type Estimate, secondsLeft, startEstimate, updateEstimate } from "./estimate";

const run = (steps: [atMs: number, done: number][]): Estimate =>
  steps.reduce((estimate, [atMs, done]) => updateEstimate(estimate, atMs, done), startEstimate(0, 0));

it("knows nothing before something has moved", () => {
  expect(secondsLeft(startEstimate(0, 0), 100)).toBeNull();
  expect(secondsLeft(run([[1_000, 0]]), 100)).toBeNull();
});

it("is exact at a steady speed", () => {
  const steady = run([
    [1_000, 10],
    [2_000, 20],
    [3_000, 30],
  ]);
  expect(secondsLeft(steady, 100)).toBeCloseTo(7);
});

it("does not count what a resumed upload already had as speed", () => {
  const resumed = updateEstimate(startEstimate(0, 80), 1_000, 82);
  expect(secondsLeft(resumed, 100)).toBeCloseTo(9);
});

it("follows a change of speed without jumping", () => {
  const slower = run([
    [1_000, 100],
    [2_000, 200],
    [3_000, 210],
  ]);
  const left = secondsLeft(slower, 1_000) ?? 0;
  expect(left).toBeGreaterThan(790 / 100);
  expect(left).toBeLessThan(790 / 10);
});

it("ignores bursts of tiny steps", () => {
  const steady = run([[1_000, 10]]);
  expect(updateEstimate(steady, 1_010, 10.4)).toBe(steady);
});

it("is done at the end", () => {
  expect(secondsLeft(run([[1_000, 100]]), 100)).toBe(0);
});
