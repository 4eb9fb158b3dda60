import { describe, expect, it } from "vitest";
import { createPagedStore } from "./pagedStore";
import type { Page } from "./paging";
import { ApiError } from "./problem";

describe("fetching pages", () => {
  it("asks on through pages that hold nothing new, but not for ever", async () => {
    const asked: (string | null)[] = [];
    const store = createPagedStore<string>(
      async (cursor) => {
        asked.push(cursor);
        return { items: [], nextCursor: `c${asked.length}`, hasMore: true };
      },
      (item) => item,
    );
    await store.loadMore();
    expect(asked).toEqual([null, "c1", "c2", "c3", "c4"]);
    expect(store.get().status).toBe("end");
  });

  it("begins again when its cursor has expired", async () => {
    const answers: Record<string, Page<string>> = {
      first: { items: ["a", "b"], nextCursor: "old", hasMore: true },
      again: { items: ["b", "c"], nextCursor: null, hasMore: false },
    };
    let expired = false;
    const store = createPagedStore<string>(
      async (cursor) => {
        if (cursor === "old") {
          expired = true;
          throw new ApiError(400, { code: "cursor_expired" });
        }
        return (expired ? answers.again : answers.first) as Page<string>;
      },
      (item) => item,
    );
    await store.loadMore();
    await store.loadMore();
    expect(store.get()).toMatchObject({ items: ["a", "b", "c"], status: "end" });
  });

  it("sends one question at a time", async () => {
    let asked = 0;
    const store = createPagedStore<string>(
      async () => ({ items: [`v${asked++}`], nextCursor: null, hasMore: false }),
      (item) => item,
    );
    await Promise.all([store.loadMore(), store.loadMore(), store.loadMore()]);
    expect(asked).toBe(1);
  });
});
