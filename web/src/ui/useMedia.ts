import { useCallback, useSyncExternalStore } from "react";

function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Same limit as in the style sheets. */
export const useIsPhone = () => useMedia("(max-width: 767px)");

export const prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
