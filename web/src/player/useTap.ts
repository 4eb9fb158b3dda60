import { type MouseEvent, useCallback, useEffect, useRef } from "react";

const DOUBLE_MS = 260;
const DOUBLE_PX = 48;

export interface TapPoint {
  x: number;
  y: number;
}

/** Tells a single tap from a double one. Works on `click`, so a swipe or a long press is neither. */
export function useTap(onSingle: () => void, onDouble: (at: TapPoint) => void) {
  const last = useRef<{ at: number; x: number; y: number } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef({ onSingle, onDouble });
  latest.current = { onSingle, onDouble };

  useEffect(() => () => clearTimeout(timer.current), []);

  return useCallback((event: MouseEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const tap = { at: event.timeStamp, x: event.clientX - box.left, y: event.clientY - box.top };
    const before = last.current;
    last.current = tap;
    clearTimeout(timer.current);
    const near = before && Math.hypot(tap.x - before.x, tap.y - before.y) < DOUBLE_PX;
    if (before && near && tap.at - before.at < DOUBLE_MS) {
      latest.current.onDouble(tap);
      return;
    }
    timer.current = setTimeout(() => latest.current.onSingle(), DOUBLE_MS);
  }, []);
}
