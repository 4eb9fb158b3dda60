import { expect, it } from "vitest";
import { newEventId, nextOpSeq } from "./ids";

it("makes event ids of the server's form, ordered by time", () => {
  const earlier = newEventId(1_700_000_000_000);
  const later = newEventId(1_700_000_000_001);
  expect(earlier).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(later.slice(0, 14) > earlier.slice(0, 14)).toBe(true);
});

it("numbers toggles ever higher, even within a millisecond", () => {
  const numbers = Array.from({ length: 50 }, nextOpSeq);
  expect(new Set(numbers).size).toBe(50);
  expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
});
