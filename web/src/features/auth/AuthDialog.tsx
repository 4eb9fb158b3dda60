import { useState } from "react";
import { useStore } from "../../api/store";
import { Dialog } from "../../ui/Dialog";
import styles from "./Auth.module.css";
import { gate } from "./gate";
import { LoginForm } from "./LoginForm";
import { SignUpForm } from "./SignUpForm";

/** Appears when a visitor wants something that needs an account; afterwards they are where they were. */
export function AuthDialog() {
  const reason = useStore(gate);
  const [joining, setJoining] = useState(false);
  if (reason === null) return null;
  const close = () => gate.set(null);

  return (
    <Dialog title={reason} onClose={close}>
      {joining ? <SignUpForm onDone={close} /> : <LoginForm onDone={close} />}
      <p className={styles.swap}>
        {joining ? "Already here?" : "New to Kinora?"}
        <button type="button" onClick={() => setJoining(!joining)}>
          {joining ? "Log in" : "Sign up"}
        </button>
      </p>
    </Dialog>
  );
}
