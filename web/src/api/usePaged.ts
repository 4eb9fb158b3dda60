import { useEffect, useSyncExternalStore } from "react";
import type { PagedStore } from "./pagedStore";
import type { Paging } from "./paging";

/** The list's state; the first page is asked for when the component appears. */
export function usePaged<T>(store: PagedStore<T>): Paging<T> {
  const state = useSyncExternalStore(store.subscribe, store.get);
  useEffect(() => {
    if (store.get().status === "fresh") void store.loadMore();
  }, [store]);
  return state;
}
