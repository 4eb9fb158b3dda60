import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { playAloud } from "./play";
import { useMuted } from "./sound";
import type { Mode } from "./source";
import { useSource } from "./useSource";

export interface Player {
  ref: RefObject<HTMLVideoElement | null>;
  paused: boolean;
  waiting: boolean;
  failed: boolean;
  toggle: () => void;
  retry: () => void;
}

/** One <video>: warmed up ahead of time, playing while active, rewound when it leaves the screen. */
export function usePlayer(src: string, mode: Mode, renew: () => Promise<string>): Player {
  const ref = useRef<HTMLVideoElement>(null);
  const [paused, setPaused] = useState(false);
  const { failed, epoch, retry } = useSource(ref, src, mode, renew);
  const active = mode === "active";
  const waiting = useWaiting(ref);

  usePlaying(ref, active && !paused, epoch);

  useEffect(() => {
    if (active) return;
    setPaused(false);
    if (ref.current && ref.current.currentTime > 0) ref.current.currentTime = 0;
  }, [active]);

  const toggle = useCallback(() => setPaused((before) => !before), []);
  return { ref, paused, waiting: waiting && active && !paused, failed, toggle, retry };
}

/** Plays and pauses with `playing`, the tab's visibility and the page's sound. */
function usePlaying(ref: RefObject<HTMLVideoElement | null>, playing: boolean, epoch: number): void {
  const muted = useMuted();
  const latestMuted = useRef(muted);
  latestMuted.current = muted;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new source (epoch) has to be started again
  useEffect(() => {
    const video = ref.current;
    if (!video || !playing) return;
    const followVisibility = () => {
      if (document.hidden) video.pause();
      else void playAloud(video, latestMuted.current);
    };
    followVisibility();
    document.addEventListener("visibilitychange", followVisibility);
    return () => {
      document.removeEventListener("visibilitychange", followVisibility);
      video.pause();
    };
  }, [ref, playing, epoch]);

  useEffect(() => {
    const video = ref.current;
    if (!video || video.muted === muted) return;
    if (video.paused) video.muted = muted;
    else void playAloud(video, muted);
  }, [ref, muted]);
}

/** True while the element has run out of data. */
function useWaiting(ref: RefObject<HTMLVideoElement | null>): boolean {
  const [waiting, setWaiting] = useState(false);
  useEffect(() => {
    const video = ref.current;
    if (!video) return;
    const onWaiting = () => setWaiting(true);
    const onPlaying = () => setWaiting(false);
    video.addEventListener("waiting", onWaiting);
    video.addEventListener("playing", onPlaying);
    return () => {
      video.removeEventListener("waiting", onWaiting);
      video.removeEventListener("playing", onPlaying);
    };
  }, [ref]);
  return waiting;
}
