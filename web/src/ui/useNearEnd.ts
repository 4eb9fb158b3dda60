import { type RefObject, useEffect, useRef } from "react";

const MARGIN_PX = 600;

/**
 * Calls `onNear` when the marker at the end of a list comes near to being visible, and again for each `revision` of
 * the list in which it still is: a short page may not fill the screen.
 */
export function useNearEnd(onNear: () => void, revision: unknown): RefObject<HTMLDivElement | null> {
  const marker = useRef<HTMLDivElement>(null);
  const latest = useRef(onNear);
  latest.current = onNear;

  // biome-ignore lint/correctness/useExhaustiveDependencies: observing anew reports the present state
  useEffect(() => {
    if (!marker.current) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && latest.current(),
      { root: scrollerOf(marker.current), rootMargin: `${MARGIN_PX}px` },
    );
    observer.observe(marker.current);
    return () => observer.disconnect();
  }, [revision]);

  return marker;
}

/** A margin counts only around the element that scrolls. */
function scrollerOf(element: Element): Element | null {
  for (let parent = element.parentElement; parent; parent = parent.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(parent).overflowY)) return parent;
  }
  return null;
}
