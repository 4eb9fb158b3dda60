import { useCallback, useEffect, useState } from "react";
import { type ApiError, asApiError } from "./problem";

export type Load<T> =
  | { status: "loading" }
  | { status: "ready"; value: T }
  | { status: "failed"; error: ApiError };

/** Loads one thing whenever `load` changes (memoise it); `retry` asks again, `set` replaces the value in place. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>) {
  const [state, setState] = useState<Load<T>>({ status: "loading" });
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt means asking again
  useEffect(() => {
    const abort = new AbortController();
    setState({ status: "loading" });
    load(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ status: "ready", value }),
      (error: unknown) => !abort.signal.aborted && setState({ status: "failed", error: asApiError(error) }),
    );
    return () => abort.abort();
  }, [load, attempt]);

  const retry = useCallback(() => setAttempt((n) => n + 1), []);
  const set = useCallback((value: T) => setState({ status: "ready", value }), []);
  return { state, retry, set };
}
