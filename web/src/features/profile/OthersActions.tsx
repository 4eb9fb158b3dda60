import { setBlock, setMute } from "../../api/social";
import type { Profile, ViewerOfUser } from "../../api/types";
import { Button, IconButton } from "../../ui/Button";
import { Menu, type MenuItem } from "../../ui/Menu";
import { toast } from "../../ui/toast";
import { requireMember } from "../auth/gate";
import { followUser } from "../social/actions";
import { stepped, toggle } from "../social/toggle";
import styles from "./ProfilePage.module.css";

const STRANGER: ViewerOfUser = { following: false, followed_by: false, blocked: false, muted: false };

/** Follow, mute and block. */
export function OthersActions({
  profile,
  onChange,
}: {
  profile: Profile;
  onChange: (profile: Profile) => void;
}) {
  const viewer = profile.viewer ?? STRANGER;
  const { user_id, username } = profile;

  const follow = (on: boolean) =>
    followUser(profile, on, (following, count) =>
      onChange({
        ...profile,
        viewer: { ...viewer, following },
        follower_count: stepped(profile.follower_count, viewer.following, following, count),
      }),
    );

  function mute(on: boolean): void {
    if (!requireMember("Log in to mute somebody")) return;
    void toggle({
      key: `mute:${user_id}`,
      on,
      show: (muted) => onChange({ ...profile, viewer: { ...viewer, muted } }),
      send: async () => (await setMute(user_id, on)).muted_count,
    });
    toast(on ? `@${username} won't turn up in your feeds` : `@${username} may turn up again`);
  }

  function block(on: boolean): void {
    if (!requireMember("Log in to block somebody")) return;
    void toggle({
      key: `block:${user_id}`,
      on,
      show: (blocked) =>
        onChange({
          ...profile,
          viewer: { ...viewer, blocked, following: blocked ? false : viewer.following },
        }),
      send: async () => (await setBlock(user_id, on)).blocked_count,
    });
  }

  const items: MenuItem[] = [
    { label: viewer.muted ? "Unmute" : "Mute", icon: "soundOff", onSelect: () => mute(!viewer.muted) },
    {
      label: viewer.blocked ? "Unblock" : "Block",
      icon: "lock",
      onSelect: () => block(!viewer.blocked),
      danger: true,
    },
  ];
  return (
    <div className={styles.actions}>
      {viewer.blocked ? (
        <Button onClick={() => block(false)}>Unblock</Button>
      ) : (
        <Button
          tone={viewer.following ? "plain" : "accent"}
          aria-pressed={viewer.following}
          onClick={() => follow(!viewer.following)}
          data-testid="profile-follow"
        >
          {viewer.following ? "Following" : viewer.followed_by ? "Follow back" : "Follow"}
        </Button>
      )}
      <Menu items={items} trigger={(props) => <IconButton {...props} icon="more" label="More" />} />
    </div>
  );
}
