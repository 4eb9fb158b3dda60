import { useStore } from "../api/store";
import { cx } from "./cx";
import styles from "./Toaster.module.css";
import { announcement, toasts } from "./toast";

/** The page's two live regions: what everybody sees, and what only a screen reader says. */
export function Toaster() {
  return (
    <>
      <div className={styles.stack} role="status" aria-live="polite" data-testid="toasts">
        {useStore(toasts).map((toast) => (
          <p key={toast.id} className={cx(styles.toast, toast.tone === "error" && styles.error)}>
            {toast.text}
          </p>
        ))}
      </div>
      <div className="sr-only" aria-live="polite">
        {useStore(announcement)}
      </div>
    </>
  );
}
