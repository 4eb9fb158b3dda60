import { describe, expect, it } from "vitest";
import { remainingOf, slicesOf } from "./plan";

const MB = 2 ** 20;
const part = (number: number, etag: string | null) => ({
  number,
  size_bytes: 0,
  etag,
  url: etag ? null : `/p/${number}`,
});

describe("cutting a file into parts", () => {
  it("covers every byte once, the last part shorter", () => {
    expect(slicesOf(20 * MB, 8 * MB)).toEqual([
      { number: 1, start: 0, end: 8 * MB },
      { number: 2, start: 8 * MB, end: 16 * MB },
      { number: 3, start: 16 * MB, end: 20 * MB },
    ]);
  });

  it("makes no empty part when the size divides evenly", () => {
    expect(slicesOf(16 * MB, 8 * MB)).toHaveLength(2);
  });

  it("refuses a part size that would never end", () => {
    expect(() => slicesOf(10, 0)).toThrow(RangeError);
  });
});

describe("resuming", () => {
  it("sends only what the server has no etag for", () => {
    const left = remainingOf(20 * MB, 8 * MB, [part(1, "e1"), part(2, null), part(3, "e3")], { 1: "sum1" });
    expect(left.missing.map(({ number }) => number)).toEqual([2]);
    expect(left.doneBytes).toBe(12 * MB);
    expect(left.done).toEqual([
      { number: 1, etag: "e1", checksum_sha256: "sum1" },
      { number: 3, etag: "e3" },
    ]);
  });

  it("does not depend on the order of the server's list", () => {
    const left = remainingOf(20 * MB, 8 * MB, [part(3, null), part(1, "e1"), part(2, "e2")], {});
    expect(left.missing).toEqual([{ number: 3, start: 16 * MB, end: 20 * MB }]);
  });

  it("refuses a list that belongs to a file of another size", () => {
    expect(() => remainingOf(30 * MB, 8 * MB, [part(1, null), part(2, null)], {})).toThrow(RangeError);
  });

  it("has nothing to send when all has arrived", () => {
    const left = remainingOf(10 * MB, 8 * MB, [part(1, "e1"), part(2, "e2")], {});
    expect(left.missing).toEqual([]);
    expect(left.doneBytes).toBe(10 * MB);
  });
});
