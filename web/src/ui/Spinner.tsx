import styles from "./Spinner.module.css";

/** Decorative: whoever waits says so in words. */
export function Spinner({ size = 28 }: { size?: number }) {
  return <span className={styles.spinner} style={{ width: size, height: size }} aria-hidden="true" />;
}
