import { type RefObject, useEffect, useRef } from "react";

/** Calls `onNear` whenever the marker at the end of a list comes within a screen of being visible. */
export function useNearEnd(onNear: () => void): RefObject<HTMLDivElement | null> {
  const marker = useRef<HTMLDivElement>(null);
  const latest = useRef(onNear);
  latest.current = onNear;

  useEffect(() => {
    if (!marker.current) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && latest.current(),
      { rootMargin: "600px" },
    );
    observer.observe(marker.current);
    return () => observer.disconnect();
  }, []);

  return marker;
}
