import type { CSSProperties } from "react";
import { cx } from "./cx";
import styles from "./Skeleton.module.css";

interface SkeletonProps {
  width?: CSSProperties["width"];
  height?: CSSProperties["height"];
  round?: boolean;
  className?: string | undefined;
}

/** A grey place-holder of the final size, so that nothing moves when the content arrives. */
export function Skeleton({ width, height, round, className }: SkeletonProps) {
  return <span className={cx(styles.bone, round && styles.round, className)} style={{ width, height }} />;
}

/** Wraps place-holders and says once, in words, that something is coming. */
export function Loading({
  label,
  children,
  className,
}: {
  label: string;
  children: React.ReactNode;
  className?: string | undefined;
}) {
  return (
    <div className={className} role="status" aria-label={label}>
      {children}
    </div>
  );
}
