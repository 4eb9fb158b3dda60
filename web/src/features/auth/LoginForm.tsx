import { useState } from "react";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import styles from "./Auth.module.css";
import { signIn } from "./session";
import { useSubmit } from "./useSubmit";

export function LoginForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { onSubmit, busy, fields, message } = useSubmit(async () => {
    await signIn(name.trim(), password);
    onDone();
  });

  return (
    <form className={styles.form} onSubmit={onSubmit} noValidate data-testid="login-form">
      <TextField
        label="Username or email"
        name="login"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={fields.login}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={fields.password}
      />
      <p className={styles.error} role="alert">
        {message}
      </p>
      <Button type="submit" tone="accent" wide busy={busy} disabled={!name || !password}>
        Log in
      </Button>
    </form>
  );
}
