import { type RefObject, useEffect, useRef } from "react";

/** A mouse wheel's notch is about 100 px, a trackpad sends many small steps and then a long tail. */
const TRIGGER_PX = 36;
const QUIET_MS = 160;
const REST_MS = 420;

/**
 * One clip per wheel gesture. Scroll snapping alone would fall back after a single notch, and a trackpad's inertia
 * would fly past several clips.
 */
export function useWheelPaging(ref: RefObject<HTMLElement | null>, move: (step: 1 | -1) => void): void {
  const latest = useRef(move);
  latest.current = move;

  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    let travelled = 0;
    let lastEvent = 0;
    let lastMove = 0;
    let spent = false;
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || (event.target instanceof Element && event.target.closest("[data-scrolls]")))
        return;
      event.preventDefault();
      const now = event.timeStamp;
      if (now - lastEvent > QUIET_MS) {
        travelled = 0;
        spent = false;
      }
      lastEvent = now;
      // A wheel turned on and on is meant to go on; inertia has died down by then.
      if (spent && now - lastMove > REST_MS && Math.abs(event.deltaY) >= TRIGGER_PX) spent = false;
      travelled += event.deltaY;
      if (spent || Math.abs(travelled) < TRIGGER_PX) return;
      latest.current(travelled > 0 ? 1 : -1);
      travelled = 0;
      spent = true;
      lastMove = now;
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [ref]);
}
