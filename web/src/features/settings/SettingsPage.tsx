import { useState } from "react";
import { Redirect, useLocation } from "wouter";
import { asApiError } from "../../api/problem";
import { toggleSound, useSound } from "../../player/sound";
import { Avatar } from "../../ui/Avatar";
import { Button, ButtonLink } from "../../ui/Button";
import { Switch } from "../../ui/Field";
import { toast } from "../../ui/toast";
import { useTitle } from "../../ui/useTitle";
import { signOut, useSession } from "../auth/session";
import { Sessions } from "./Sessions";
import styles from "./Settings.module.css";
import { Shortcuts } from "./Shortcuts";

/** `/settings`. */
export function SettingsPage() {
  const session = useSession();
  useTitle("Settings");
  if (session.status !== "member") return <Redirect to="/login" replace />;
  const { me } = session;
  return (
    <div className={styles.page}>
      <h1 className={styles.heading}>Settings</h1>
      <section className={styles.card} aria-label="Account">
        <div className={styles.me}>
          <Avatar user={me} size={56} />
          <div className={styles.grow}>
            <p className={styles.strong}>{me.display_name}</p>
            <p className={styles.dim}>
              @{me.username} · {me.email}
            </p>
          </div>
          <ButtonLink href={`/@${me.username}`} size="s">
            Profile
          </ButtonLink>
        </div>
      </section>
      <Playback />
      <Sessions />
      <Shortcuts />
      <SignOut />
    </div>
  );
}

function Playback() {
  const { wanted } = useSound();
  return (
    <section className={styles.card}>
      <h2>Playback</h2>
      <Switch
        label="Play with sound"
        hint="The browser allows it from your first tap or key press on"
        checked={wanted}
        onChange={toggleSound}
      />
    </section>
  );
}

function SignOut() {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);

  async function leave(): Promise<void> {
    setBusy(true);
    try {
      await signOut();
      navigate("/trending");
    } catch (error) {
      setBusy(false);
      toast(asApiError(error).message, "error");
    }
  }
  return (
    <Button tone="danger" wide busy={busy} onClick={leave} data-testid="sign-out">
      Log out
    </Button>
  );
}
