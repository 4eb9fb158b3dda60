import styles from "./ProgressBar.module.css";

interface ProgressBarProps {
  label: string;
  /** 0–1, or null while the end is unknown. */
  value: number | null;
}

export function ProgressBar({ label, value }: ProgressBarProps) {
  const percent = value === null ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      className={styles.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div
        className={percent === undefined ? styles.endless : styles.bar}
        style={{ width: `${percent ?? 30}%` }}
      />
    </div>
  );
}
