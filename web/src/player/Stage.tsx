import { type ReactNode, useCallback, useLayoutEffect, useRef } from "react";
import { IconButton } from "../ui/Button";
import { useHotkeys } from "../ui/useHotkeys";
import { prefersReducedMotion } from "../ui/useMedia";
import styles from "./Stage.module.css";
import type { Mode } from "./source";
import { useWheelPaging } from "./useWheelPaging";
import { modeAt } from "./window";

interface StageProps {
  label: string;
  /** One key per clip, in order. */
  keys: readonly string[];
  index: number;
  onIndex: (index: number) => void;
  renderClip: (index: number, mode: Mode) => ReactNode;
  /** A last screen after the clips: more is coming, the end, or an error. */
  tail?: ReactNode;
}

/** A column of full-height clips that swipes and snaps; one is active, its neighbours are warm. */
export function Stage({ label, keys, index, onIndex, renderClip, tail }: StageProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const last = keys.length - 1 + (tail ? 1 : 0);
  const latest = useRef({ index, last, onIndex });
  latest.current = { index, last, onIndex };

  const scrollTo = useCallback((target: number, behavior: ScrollBehavior) => {
    const element = scroller.current;
    element?.scrollTo({ top: target * element.clientHeight, behavior });
  }, []);

  const move = useCallback(
    (step: 1 | -1) => {
      const target = Math.min(latest.current.last, Math.max(0, latest.current.index + step));
      scrollTo(target, prefersReducedMotion() ? "instant" : "smooth");
    },
    [scrollTo],
  );

  // The place survives a turn of the phone, and a return to this screen.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const keepPlace = () => {
      height.current = element.clientHeight;
      scrollTo(latest.current.index, "instant");
    };
    keepPlace();
    const observer = new ResizeObserver(keepPlace);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scrollTo]);

  function onScroll(): void {
    const element = scroller.current;
    if (!element || element.clientHeight !== height.current) return;
    const now = Math.round(element.scrollTop / height.current);
    if (now !== latest.current.index) latest.current.onIndex(now);
  }

  const next = () => move(1);
  const previous = () => move(-1);
  useWheelPaging(scroller, move);
  useHotkeys({
    ArrowDown: next,
    PageDown: next,
    j: next,
    ArrowUp: previous,
    PageUp: previous,
    k: previous,
  });

  return (
    <div className={styles.stage}>
      <div ref={scroller} className={styles.scroller} onScroll={onScroll}>
        <div className={styles.clips} role="feed" aria-label={label}>
          {keys.map((key, position) => {
            const mode = modeAt(position, index);
            return (
              <div key={key} className={styles.slide} inert={mode !== "active"}>
                {mode && renderClip(position, mode)}
              </div>
            );
          })}
        </div>
        {tail && <div className={styles.slide}>{tail}</div>}
      </div>
      <div className={styles.arrows}>
        <IconButton icon="up" label="Previous clip" onClick={previous} disabled={index <= 0} />
        <IconButton icon="down" label="Next clip" onClick={next} disabled={index >= last} />
      </div>
    </div>
  );
}
