import { createStore } from "../api/store";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "error";
}

const SHOWN_MS = 4_000;
const MAX_SHOWN = 3;

export const toasts = createStore<readonly Toast[]>([]);
/** Words for screen readers only. */
export const announcement = createStore("");

let nextId = 1;

/** A short message at the bottom of the screen, read out politely, gone after a few seconds. */
export function toast(text: string, tone: Toast["tone"] = "plain"): void {
  const shown = { id: nextId++, text, tone };
  toasts.set([...toasts.get(), shown].slice(-MAX_SHOWN));
  setTimeout(() => toasts.set(toasts.get().filter((other) => other !== shown)), SHOWN_MS);
}

export function announce(text: string): void {
  announcement.set(text);
}
