import { emptyPaging, type Page, type Paging, type PagingAction, reducePaging } from "./paging";
import { ApiError, asApiError } from "./problem";
import { createStore } from "./store";

/** Pages may hold nothing new (all repeats, all filtered): ask again, but not for ever. */
const MAX_PAGES_PER_LOAD = 5;

export interface PagedStore<T> {
  get(): Paging<T>;
  subscribe(listener: () => void): () => void;
  /** Fetches the next page unless one is under way or the end is reached. */
  loadMore(): Promise<void>;
  /** Forgets everything and fetches the first page. */
  restart(): Promise<void>;
  prepend(item: T): void;
  replace(item: T): void;
  remove(key: string): void;
}

export function createPagedStore<T>(
  fetchPage: (cursor: string | null) => Promise<Page<T>>,
  keyOf: (item: T) => string,
): PagedStore<T> {
  const store = createStore<Paging<T>>(emptyPaging<T>());
  const dispatch = (action: PagingAction<T>) => store.set(reducePaging(store.get(), action, keyOf));

  async function fetchNext(): Promise<Page<T>> {
    const { cursor } = store.get();
    try {
      return await fetchPage(cursor);
    } catch (error) {
      // An expired cursor is a 400: begin again; what is already listed is recognised by its key.
      if (cursor && error instanceof ApiError && error.status === 400) return fetchPage(null);
      throw error;
    }
  }

  async function loadMore(): Promise<void> {
    const { status, generation, items } = store.get();
    if (status === "loading" || status === "end") return;
    dispatch({ type: "started" });
    try {
      for (let page = 0; page < MAX_PAGES_PER_LOAD; page++) {
        dispatch({ type: "arrived", generation, page: await fetchNext() });
        const now = store.get();
        if (now.generation !== generation || now.status === "end" || now.items.length > items.length)
          return;
        dispatch({ type: "started" });
      }
      dispatch({ type: "arrived", generation, page: { items: [], nextCursor: null, hasMore: false } });
    } catch (error) {
      dispatch({ type: "failed", generation, error: asApiError(error) });
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    loadMore,
    restart() {
      dispatch({ type: "restarted" });
      return loadMore();
    },
    prepend: (item) => dispatch({ type: "prepended", item }),
    replace: (item) => dispatch({ type: "replaced", item }),
    remove: (key) => dispatch({ type: "removed", key }),
  };
}
