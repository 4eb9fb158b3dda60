import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { createStore, useStore } from "../api/store";
import { attachSource, type Mode, type Source } from "./source";

/** Renewals in a row without a frame in between: then the clip is really out of reach. */
const MAX_RENEWALS = 3;

/** On a fresh page the clip on screen gets the whole connection; the next ones warm up once it plays. */
const anyPlayed = createStore(false);

interface SourceState {
  failed: boolean;
  /** Rises whenever the element got a new source and has to be started again. */
  epoch: number;
  retry: () => void;
}

/**
 * Keeps a source attached to the element for the component's life. `src` counts at mount only; afterwards a new
 * address comes from `renew`, when the old one has expired.
 */
export function useSource(
  ref: RefObject<HTMLVideoElement | null>,
  src: string,
  mode: Mode,
  renew: () => Promise<string>,
): SourceState {
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const [swaps, setSwaps] = useState(0);
  const source = useRef<Source | null>(null);
  const latest = useRef({ address: src, renew, mode });
  latest.current.renew = renew;
  latest.current.mode = mode;

  const wanted = useStore(anyPlayed) || mode === "active";

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt attaches anew
  useEffect(() => {
    const video = ref.current;
    if (!video || !wanted) return;
    let renewals = 0;
    let renewing = false;
    let gone = false;
    async function onExpired(): Promise<void> {
      if (renewing) return;
      if (renewals++ >= MAX_RENEWALS) return setFailed(true);
      renewing = true;
      const address = await latest.current.renew().catch(() => null);
      renewing = false;
      if (gone) return;
      if (!address) return setFailed(true);
      latest.current.address = address;
      source.current?.swap(address);
      setSwaps((n) => n + 1);
    }
    const onPlaying = () => {
      renewals = 0;
      anyPlayed.set(true);
    };
    video.addEventListener("playing", onPlaying);
    source.current = attachSource(video, latest.current.address, latest.current.mode, {
      onExpired: () => void onExpired(),
      onFatal: () => setFailed(true),
    });
    return () => {
      gone = true;
      video.removeEventListener("playing", onPlaying);
      source.current?.destroy();
      source.current = null;
    };
  }, [ref, attempt, wanted]);

  useEffect(() => {
    source.current?.setMode(mode);
  }, [mode]);

  const retry = useCallback(() => {
    setFailed(false);
    setAttempt((n) => n + 1);
  }, []);
  return { failed, epoch: attempt + swaps, retry };
}
