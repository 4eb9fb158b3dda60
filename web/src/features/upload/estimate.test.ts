import { expect, it } from "vitest";
import { type Estimate, secondsLeft, startEstimate, updateEstimate } from "./estimate";

const run = (steps: [atMs: number, done: number][]): Estimate =>
  steps.reduce((estimate, [atMs, done]) => updateEstimate(estimate, atMs, done), startEstimate(0, 0));

it("knows nothing before something has moved for a while", () => {
  expect(secondsLeft(startEstimate(0, 0), 100)).toBeNull();
  expect(secondsLeft(run([[2_000, 0]]), 100)).toBeNull();
  expect(secondsLeft(run([[400, 50]]), 100)).toBeNull();
});

it("is exact at a steady speed", () => {
  const steady: [number, number][] = Array.from({ length: 60 }, (_, i) => [(i + 1) * 500, i + 1]);
  expect(secondsLeft(run(steady), 100)).toBeCloseTo(20);
});

it("does not count what a resumed upload already had as speed", () => {
  const resumed = updateEstimate(startEstimate(0, 80), 2_000, 84);
  expect(secondsLeft(resumed, 100)).toBeCloseTo(8);
});

it("does not take a burst into the browser's buffers for the network's speed", () => {
  const burst = run([
    [100, 60],
    [1_000, 60],
    [4_000, 60],
    [6_000, 60],
  ]);
  expect(secondsLeft(burst, 100)).toBeCloseTo(4);
});

it("forgets a burst after its window, and says so when everything stands still", () => {
  const still = run(Array.from({ length: 40 }, (_, i) => [(i + 1) * 500, 60]));
  expect(secondsLeft(still, 100)).toBeNull();
});

it("keeps a bounded number of samples", () => {
  const busy = run(Array.from({ length: 5_000 }, (_, i) => [i * 10, i]));
  expect(busy.samples.length).toBeLessThan(60);
});

it("is done at the end", () => {
  expect(secondsLeft(run([[1_000, 100]]), 100)).toBe(0);
});
