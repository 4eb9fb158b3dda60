import { useState } from "react";
import type { Profile } from "../../api/types";
import { Button, ButtonLink } from "../../ui/Button";
import { EditProfileDialog } from "./EditProfileDialog";
import styles from "./ProfilePage.module.css";

export function OwnActions({
  profile,
  onChange,
}: {
  profile: Profile;
  onChange: (profile: Profile) => void;
}) {
  const [editing, setEditing] = useState(false);
  return (
    <div className={styles.actions}>
      <Button icon="edit" onClick={() => setEditing(true)} data-testid="edit-profile">
        Edit profile
      </Button>
      <ButtonLink href="/settings" tone="ghost" icon="settings">
        Settings
      </ButtonLink>
      {editing && (
        <EditProfileDialog profile={profile} onChange={onChange} onClose={() => setEditing(false)} />
      )}
    </div>
  );
}
