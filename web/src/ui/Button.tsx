import type { ButtonHTMLAttributes } from "react";
import { Link } from "wouter";
import styles from "./Button.module.css";
import { cx } from "./cx";
import { Icon, type IconName } from "./Icon";
import { Spinner } from "./Spinner";

type Tone = "accent" | "plain" | "ghost" | "danger";

interface Look {
  tone?: Tone;
  size?: "m" | "s";
  wide?: boolean;
  icon?: IconName;
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, Look {
  busy?: boolean;
}

function classes({ tone = "plain", size = "m", wide }: Look, extra?: string): string {
  return cx(styles.button, styles[tone], size === "s" && styles.small, wide && styles.wide, extra);
}

/** A busy button keeps its width and its focus, and does nothing when pressed again. */
export function Button({
  tone,
  size,
  wide,
  icon,
  busy,
  children,
  className,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classes({ tone, size, wide } as Look, className)}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy && (
        <span className={styles.spinner}>
          <Spinner size={18} />
        </span>
      )}
      <span className={cx(styles.label, busy && styles.hidden)}>
        {icon && <Icon name={icon} size={size === "s" ? 18 : 20} />}
        {children}
      </span>
    </button>
  );
}

export function ButtonLink({
  href,
  children,
  icon,
  ...look
}: Look & { href: string; children: React.ReactNode }) {
  return (
    <Link href={href} className={classes(look)}>
      <span className={styles.label}>
        {icon && <Icon name={icon} size={20} />}
        {children}
      </span>
    </Link>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  icon: IconName;
  /** What a screen reader says, and the tooltip. */
  label: string;
  iconSize?: number;
  onDark?: boolean;
}

export function IconButton({ icon, label, iconSize = 22, onDark, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={cx(styles.icon, onDark && styles.onDark, className)}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} size={iconSize} />
    </button>
  );
}
