import { useEffect } from "react";

/** The tab's title; it is also what a screen reader says first after a navigation. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title ? `${title} · Kinora` : "Kinora";
  }, [title]);
}
