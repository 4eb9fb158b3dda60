import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId } from "react";
import { cx } from "./cx";
import styles from "./Field.module.css";

interface Shared {
  label: string;
  error?: string | undefined;
  hint?: ReactNode;
}

function Frame({
  id,
  label,
  error,
  hint,
  count,
  children,
}: Shared & { id: string; count?: string | undefined; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <div className={styles.top}>
        <label className={styles.label} htmlFor={id}>
          {label}
        </label>
        {count && <span className={styles.count}>{count}</span>}
      </div>
      {children}
      <p id={`${id}-note`} className={cx(styles.note, error && styles.error)}>
        {error ?? hint}
      </p>
    </div>
  );
}

function described(id: string, { error, hint }: Shared) {
  return {
    "aria-describedby": error || hint ? `${id}-note` : undefined,
    "aria-invalid": error ? true : undefined,
  };
}

type TextFieldProps = Shared & InputHTMLAttributes<HTMLInputElement>;

/** One labelled line of input. The note below (hint or error) belongs to the input for screen readers too. */
export function TextField({ label, error, hint, className, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} error={error} hint={hint}>
      <input
        {...rest}
        {...described(id, { label, error, hint })}
        id={id}
        className={cx(styles.input, className)}
      />
    </Frame>
  );
}

type TextAreaProps = Shared & TextareaHTMLAttributes<HTMLTextAreaElement>;

export function TextArea({ label, error, hint, className, ...rest }: TextAreaProps) {
  const id = useId();
  const { maxLength, value } = rest;
  const count = maxLength && typeof value === "string" ? `${value.length}/${maxLength}` : undefined;
  return (
    <Frame id={id} label={label} error={error} hint={hint} count={count}>
      <textarea
        {...rest}
        {...described(id, { label, error, hint })}
        id={id}
        className={cx(styles.input, styles.area, className)}
      />
    </Frame>
  );
}

type SelectProps = Shared & {
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [value: string, words: string])[];
};

export function Select({ label, error, hint, value, onChange, options }: SelectProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} error={error} hint={hint}>
      <select
        {...described(id, { label, error, hint })}
        id={id}
        className={cx(styles.input, styles.select)}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface SwitchProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Switch({ label, hint, checked, onChange }: SwitchProps) {
  return (
    <label className={styles.switch}>
      <span>
        <span className={styles.switchLabel}>{label}</span>
        {hint && <span className={styles.switchHint}>{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-checked={checked}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}
