import { expect, it } from "vitest";
import { modeAt } from "./window";

it("keeps the next two and the last one warm, and nothing else", () => {
  const modes = Array.from({ length: 8 }, (_, index) => modeAt(index, 3));
  expect(modes).toEqual([null, null, "warm", "active", "warm", "warm", null, null]);
});
