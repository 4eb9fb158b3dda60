import { useState } from "react";
import type { Profile } from "../../api/types";
import { editMe } from "../../api/users";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Select, TextArea, TextField } from "../../ui/Field";
import { toast } from "../../ui/toast";
import { updateMe } from "../auth/session";
import { useSubmit } from "../auth/useSubmit";
import { AvatarPicker } from "./AvatarPicker";
import { countryOptions } from "./countries";
import styles from "./ProfilePage.module.css";

const MAX_BIO = 300;

interface EditProps {
  profile: Profile;
  onChange: (profile: Profile) => void;
  onClose: () => void;
}

export function EditProfileDialog({ profile, onChange, onClose }: EditProps) {
  const [name, setName] = useState(profile.display_name);
  const [bio, setBio] = useState(profile.bio);
  const [country, setCountry] = useState(profile.country ?? "");
  const { onSubmit, busy, fields, message } = useSubmit(async () => {
    const me = await editMe({ display_name: name.trim(), bio: bio.trim(), country: country || null });
    updateMe(me);
    onChange(me);
    toast("Profile saved");
    onClose();
  });

  return (
    <Dialog title="Edit profile" onClose={onClose}>
      <form className={styles.form} onSubmit={onSubmit} noValidate data-testid="profile-form">
        <AvatarPicker profile={profile} onChange={onChange} />
        <TextField
          label="Display name"
          name="display_name"
          maxLength={50}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={fields.display_name}
        />
        <TextArea
          label="About you"
          name="bio"
          maxLength={MAX_BIO}
          value={bio}
          onChange={(event) => setBio(event.target.value)}
          error={fields.bio}
        />
        <Select
          label="Country"
          value={country}
          options={countryOptions()}
          onChange={setCountry}
          error={fields.country}
        />
        <p className={styles.error} role="alert">
          {message}
        </p>
        <Button type="submit" tone="accent" wide busy={busy} disabled={!name.trim()}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}
