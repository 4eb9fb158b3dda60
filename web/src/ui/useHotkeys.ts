import { useEffect, useRef } from "react";

export type Hotkeys = Record<string, () => void>;

const TYPING = "input:not([type=range]), textarea, select, [contenteditable]";
/** Regions with their own meaning of arrows, Space and letters. */
const OWN_KEYS = `${TYPING}, dialog, [role=menu], [data-own-keys]`;

/**
 * Page-wide single keys by `KeyboardEvent.key` (letters in lower case). They rest while somebody types, while a
 * dialog is open, and with any modifier held; Space and Enter stay with the focused control.
 */
export function useHotkeys(keys: Hotkeys, enabled = true): void {
  const latest = useRef(keys);
  latest.current = keys;

  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : null;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (target?.closest(OWN_KEYS) && key !== "Escape") return;
      if (document.querySelector("dialog[open]")) return;
      if (key === " " && target?.closest("button, a, summary, [role=slider], input")) return;
      const act = latest.current[key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [enabled]);
}
