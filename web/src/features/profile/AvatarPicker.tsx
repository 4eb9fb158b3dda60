import { useRef, useState } from "react";
import { asApiError } from "../../api/problem";
import type { Me, Profile } from "../../api/types";
import { deleteAvatar, putAvatar } from "../../api/users";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { updateMe } from "../auth/session";
import styles from "./ProfilePage.module.css";
import { squareJpeg } from "./picture";

/** Changes the picture at once, apart from the form around it. */
export function AvatarPicker({
  profile,
  onChange,
}: {
  profile: Profile;
  onChange: (profile: Profile) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function change(work: () => Promise<Me>): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const me = await work();
      updateMe(me);
      onChange(me);
    } catch (caught) {
      const unreadable = caught instanceof DOMException;
      setError(
        unreadable ? "That picture can't be read. Choose a JPEG, PNG or WebP." : asApiError(caught).message,
      );
    } finally {
      setBusy(false);
    }
  }

  return (
    <div className={styles.picker}>
      <Avatar user={profile} size={72} />
      <div className={styles.actions}>
        <Button size="s" icon="camera" busy={busy} onClick={() => input.current?.click()}>
          Change picture
        </Button>
        {profile.avatar_url && (
          <Button size="s" tone="ghost" busy={busy} onClick={() => change(deleteAvatar)}>
            Remove
          </Button>
        )}
      </div>
      <input
        ref={input}
        className="sr-only"
        type="file"
        accept="image/jpeg,image/png,image/webp"
        tabIndex={-1}
        aria-label="Profile picture"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) void change(async () => putAvatar(await squareJpeg(file)));
        }}
        data-testid="avatar-input"
      />
      <p className={styles.error} role="alert">
        {error}
      </p>
    </div>
  );
}
