import type { Mode } from "./source";

/** Clips kept ready after the active one, and behind it for the way back. */
const AHEAD = 2;
const BEHIND = 1;

/** What the clip at `index` does while `active` is on screen; null: only its place is kept. */
export function modeAt(index: number, active: number): Mode | null {
  if (index === active) return "active";
  const offset = index - active;
  return offset >= -BEHIND && offset <= AHEAD ? "warm" : null;
}
