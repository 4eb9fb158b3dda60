import { createStore, useStore } from "../api/store";
import { readPreference, writePreference } from "../ui/preferences";

/**
 * Browsers let a page make sound only after a gesture. `wanted` is the person's remembered choice, `unlocked`
 * whether the browser would allow it by now; a clip sounds when both hold.
 */
interface Sound {
  wanted: boolean;
  unlocked: boolean;
}

const PREFERENCE = "sound";

const sound = createStore<Sound>({
  wanted: readPreference(PREFERENCE) !== "off",
  unlocked: navigator.userActivation?.hasBeenActive ?? false,
});

let unlockingTap = false;

export const useSound = () => useStore(sound);

export function useMuted(): boolean {
  const { wanted, unlocked } = useSound();
  return !(wanted && unlocked);
}

export function toggleSound(): void {
  const { wanted, unlocked } = sound.get();
  const on = !(wanted && unlocked);
  writePreference(PREFERENCE, on ? "on" : "off");
  sound.set({ wanted: on, unlocked: true });
}

/** The browser refused to play with sound: wait for a gesture. */
export function lockSound(): void {
  sound.set({ ...sound.get(), unlocked: false });
}

/** True once, for the tap that brought the sound: it must not pause the clip as well. */
export function takeUnlockingTap(): boolean {
  const was = unlockingTap;
  unlockingTap = false;
  return was;
}

function onGesture(event: Event): void {
  unlockingTap = false;
  const { wanted, unlocked } = sound.get();
  if (unlocked) return;
  unlockingTap = wanted && event.type === "pointerup";
  // The mute button decides for itself what its press means.
  if (event.target instanceof Element && event.target.closest("[data-sound-toggle]")) return;
  if (event instanceof KeyboardEvent && event.key.toLowerCase() === "m") return;
  sound.set({ wanted, unlocked: true });
}

addEventListener("pointerup", onGesture, true);
addEventListener("keydown", onGesture, true);
