import { describe, expect, it } from "vitest";
import { emptyPaging, type Page, type PagingAction, reducePaging } from "./paging";
import { ApiError } from "./problem";

const id = (item: string) => item;
const page = (items: string[], nextCursor: string | null = "c"): Page<string> => ({
  items,
  nextCursor,
  hasMore: nextCursor !== null,
});

function after(...actions: PagingAction<string>[]) {
  return actions.reduce((state, action) => reducePaging(state, action, id), emptyPaging<string>());
}

describe("a list that arrives page by page", () => {
  it("appends pages and keeps the newest cursor", () => {
    const state = after(
      { type: "started" },
      { type: "arrived", generation: 0, page: page(["a", "b"], "c1") },
      { type: "started" },
      { type: "arrived", generation: 0, page: page(["c"], "c2") },
    );
    expect(state).toMatchObject({ items: ["a", "b", "c"], cursor: "c2", status: "idle" });
  });

  it("drops repeats, within a page too, and never moves what is listed", () => {
    const state = after(
      { type: "arrived", generation: 0, page: page(["a", "b"]) },
      { type: "arrived", generation: 0, page: page(["b", "c", "c", "a"]) },
    );
    expect(state.items).toEqual(["a", "b", "c"]);
  });

  it("ends by the answer's word, not by an empty page", () => {
    expect(after({ type: "arrived", generation: 0, page: page([], "c1") }).status).toBe("idle");
    const ended = after({ type: "arrived", generation: 0, page: page(["a"], null) });
    expect(ended).toMatchObject({ items: ["a"], status: "end", cursor: null });
  });

  it("ignores the answer to a question asked before a restart", () => {
    const state = after(
      { type: "started" },
      { type: "restarted" },
      { type: "arrived", generation: 0, page: page(["old"]) },
      { type: "failed", generation: 0, error: new ApiError(503, {}) },
    );
    expect(state).toMatchObject({ items: [], status: "fresh", generation: 1, error: null });
  });

  it("keeps items and cursor when a later page fails, so that a retry goes on from there", () => {
    const error = new ApiError(503, {});
    const state = after(
      { type: "arrived", generation: 0, page: page(["a"], "c1") },
      { type: "started" },
      { type: "failed", generation: 0, error },
    );
    expect(state).toMatchObject({ items: ["a"], cursor: "c1", status: "failed", error });
  });

  it("prepends, replaces and removes by key", () => {
    const state = after(
      { type: "arrived", generation: 0, page: page(["a", "b", "c"]) },
      { type: "prepended", item: "n" },
      { type: "prepended", item: "b" },
      { type: "removed", key: "c" },
    );
    expect(state.items).toEqual(["b", "n", "a"]);
  });
});
