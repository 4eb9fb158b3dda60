import { useState } from "react";
import type { FollowSide } from "../../api/social";
import type { Profile } from "../../api/types";
import { Avatar } from "../../ui/Avatar";
import { formatCount } from "../../ui/format";
import { Verified } from "../../ui/Verified";
import { countryName } from "./countries";
import { FollowsDialog } from "./FollowsDialog";
import { OthersActions } from "./OthersActions";
import { OwnActions } from "./OwnActions";
import styles from "./ProfilePage.module.css";

interface HeaderProps {
  profile: Profile;
  own: boolean;
  onChange: (profile: Profile) => void;
}

export function ProfileHeader({ profile, own, onChange }: HeaderProps) {
  const [shown, setShown] = useState<FollowSide | null>(null);
  return (
    <header className={styles.header}>
      <span className={styles.ring}>
        <Avatar user={profile} size={112} />
      </span>
      <div className={styles.who}>
        <h1 className={styles.name} data-testid="profile-name">
          {profile.display_name}
          {profile.verified && <Verified />}
        </h1>
        <p className={styles.handle}>
          @{profile.username}
          {profile.country && ` · ${countryName(profile.country)}`}
          {profile.viewer?.followed_by && <span className={styles.chip}>Follows you</span>}
        </p>
        <dl className={styles.counts}>
          <Count words="following" count={profile.following_count} onOpen={() => setShown("following")} />
          <Count words="followers" count={profile.follower_count} onOpen={() => setShown("followers")} />
          <Count words="likes" count={profile.total_likes} />
        </dl>
        {profile.bio && <p className={styles.bio}>{profile.bio}</p>}
        {own ? (
          <OwnActions profile={profile} onChange={onChange} />
        ) : (
          <OthersActions profile={profile} onChange={onChange} />
        )}
      </div>
      {shown && <FollowsDialog userId={profile.user_id} side={shown} onClose={() => setShown(null)} />}
    </header>
  );
}

function Count({ words, count, onOpen }: { words: string; count: number; onOpen?: () => void }) {
  const text = (
    <>
      <dd className={styles.number}>{formatCount(count)}</dd> <dt>{words}</dt>
    </>
  );
  if (!onOpen) return <div className={styles.count}>{text}</div>;
  return (
    <div className={styles.count}>
      {text}
      <button
        type="button"
        className={styles.cover}
        aria-label={`${count} ${words}: show them`}
        onClick={onOpen}
      />
    </div>
  );
}
