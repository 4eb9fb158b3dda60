import type { ApiError } from "./problem";

/** A list that arrives page by page. `end` and `failed` keep what has already arrived. */
export interface Paging<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
  readonly status: "fresh" | "loading" | "idle" | "end" | "failed";
  readonly error: ApiError | null;
  /** Rises at each restart, so that an answer to an older question is recognised and dropped. */
  readonly generation: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

export type PagingAction<T> =
  | { type: "started" }
  | { type: "arrived"; generation: number; page: Page<T> }
  | { type: "failed"; generation: number; error: ApiError }
  | { type: "restarted" }
  | { type: "prepended"; item: T }
  | { type: "replaced"; item: T }
  | { type: "removed"; key: string };

export function emptyPaging<T>(): Paging<T> {
  return { items: [], cursor: null, status: "fresh", error: null, generation: 0 };
}

/** Pure. Items are unique by `keyOf`; a repeat from a later page is dropped, never moved. */
export function reducePaging<T>(
  state: Paging<T>,
  action: PagingAction<T>,
  keyOf: (item: T) => string,
): Paging<T> {
  switch (action.type) {
    case "started":
      return { ...state, status: "loading", error: null };
    case "restarted":
      return { ...emptyPaging<T>(), generation: state.generation + 1 };
    case "arrived": {
      if (action.generation !== state.generation) return state;
      const { items, nextCursor, hasMore } = action.page;
      const ended = !hasMore || nextCursor === null;
      return {
        ...state,
        items: appendNew(state.items, items, keyOf),
        cursor: ended ? null : nextCursor,
        status: ended ? "end" : "idle",
        error: null,
      };
    }
    case "failed":
      if (action.generation !== state.generation) return state;
      return { ...state, status: "failed", error: action.error };
    case "prepended":
      return { ...state, items: [action.item, ...without(state.items, keyOf(action.item), keyOf)] };
    case "replaced": {
      const key = keyOf(action.item);
      return { ...state, items: state.items.map((item) => (keyOf(item) === key ? action.item : item)) };
    }
    case "removed":
      return { ...state, items: without(state.items, action.key, keyOf) };
  }
}

function appendNew<T>(old: readonly T[], arrived: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const seen = new Set(old.map(keyOf));
  const fresh = arrived.filter((item) => {
    const key = keyOf(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return fresh.length > 0 ? [...old, ...fresh] : old;
}

function without<T>(items: readonly T[], key: string, keyOf: (item: T) => string): readonly T[] {
  return items.filter((item) => keyOf(item) !== key);
}
