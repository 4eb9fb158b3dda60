import { useState } from "react";
import { Button } from "../../ui/Button";
import { TextField } from "../../ui/Field";
import styles from "./Auth.module.css";
import { signUp } from "./session";
import { useSubmit } from "./useSubmit";

export function SignUpForm({ onDone }: { onDone: () => void }) {
  const [username, setUsername] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [displayName, setDisplayName] = useState("");
  const { onSubmit, busy, fields, message } = useSubmit(async () => {
    const shown = displayName.trim();
    await signUp({ username, email: email.trim(), password, ...(shown ? { display_name: shown } : {}) });
    onDone();
  });

  return (
    <form className={styles.form} onSubmit={onSubmit} noValidate data-testid="signup-form">
      <TextField
        label="Username"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        maxLength={30}
        value={username}
        onChange={(event) => setUsername(event.target.value.toLowerCase().trim())}
        error={fields.username}
        hint="3–30 of a–z, 0–9, dot and underscore"
      />
      <TextField
        label="Display name (optional)"
        name="display_name"
        autoComplete="name"
        maxLength={50}
        value={displayName}
        onChange={(event) => setDisplayName(event.target.value)}
        error={fields.display_name}
      />
      <TextField
        label="Email"
        name="email"
        type="email"
        autoComplete="email"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={fields.email}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        error={fields.password}
        hint="At least 8 characters"
      />
      <p className={styles.error} role="alert">
        {message}
      </p>
      <Button type="submit" tone="accent" wide busy={busy} disabled={!username || !email || !password}>
        Create account
      </Button>
    </form>
  );
}
