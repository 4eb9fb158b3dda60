import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./Button";
import styles from "./Dialog.module.css";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Hides the heading from sight (not from screen readers) when the content brings its own. */
  quietTitle?: boolean;
}

/** A modal on the browser's own <dialog>: it traps the focus, closes with Esc and gives the focus back. */
export function Dialog({ title, onClose, children, quietTitle }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the backdrop click only adds to Esc and the close button
    <dialog
      ref={ref}
      className={styles.dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <div className={styles.box}>
        <header className={styles.header}>
          <h2 id={heading} className={quietTitle ? "sr-only" : styles.title}>
            {title}
          </h2>
          <IconButton icon="close" label="Close" onClick={onClose} className={styles.close} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
