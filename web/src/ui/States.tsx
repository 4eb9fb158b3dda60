import type { ReactNode } from "react";
import type { ApiError } from "../api/problem";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";
import styles from "./States.module.css";

interface EmptyProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** Nothing here, and what to do about it. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className={styles.state} data-testid="empty-state">
      <span className={styles.badge}>
        <Icon name={icon} size={30} />
      </span>
      <h2 className={styles.title}>{title}</h2>
      {children && <p className={styles.text}>{children}</p>}
      {action}
    </div>
  );
}

interface FailedProps {
  title?: string;
  error: ApiError;
  onRetry?: () => void;
}

/** What went wrong, in a sentence, and a way to try again. */
export function Failed({ title = "That didn't load", error, onRetry }: FailedProps) {
  return (
    <div className={styles.state} role="alert" data-testid="error-state">
      <span className={styles.badge}>
        <Icon name="alert" size={30} />
      </span>
      <h2 className={styles.title}>{title}</h2>
      <p className={styles.text}>{error.message}</p>
      {onRetry && (
        <Button icon="retry" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
