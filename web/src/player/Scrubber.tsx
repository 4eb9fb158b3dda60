import { type ChangeEvent, type RefObject, useEffect, useRef } from "react";
import { formatDuration } from "../ui/format";
import styles from "./Scrubber.module.css";

const STEPS = 1000;

/** Position and seeking. It follows the element by itself, without drawing the clip again. */
export function Scrubber({
  video,
  active,
}: {
  video: RefObject<HTMLVideoElement | null>;
  active: boolean;
}) {
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (!active) return;
    let frame = 0;
    const follow = () => {
      const element = video.current;
      const range = input.current;
      if (element && range && element.duration > 0 && !range.matches(":active")) {
        const share = element.currentTime / element.duration;
        range.value = String(Math.round(share * STEPS));
        range.style.setProperty("--share", `${share * 100}%`);
        range.setAttribute(
          "aria-valuetext",
          `${formatDuration(element.currentTime)} of ${formatDuration(element.duration)}`,
        );
      }
      frame = requestAnimationFrame(follow);
    };
    frame = requestAnimationFrame(follow);
    return () => cancelAnimationFrame(frame);
  }, [video, active]);

  function seek({ target }: ChangeEvent<HTMLInputElement>): void {
    const element = video.current;
    if (!element || !(element.duration > 0)) return;
    const share = Number(target.value) / STEPS;
    element.currentTime = share * element.duration;
    target.style.setProperty("--share", `${share * 100}%`);
  }

  return (
    <input
      ref={input}
      className={styles.scrubber}
      type="range"
      aria-label="Position"
      min={0}
      max={STEPS}
      step={10}
      defaultValue={0}
      onChange={seek}
    />
  );
}
