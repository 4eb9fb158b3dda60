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
        <ul className={styles.counts}>
          <Count words="following" count={profile.following_count} onOpen={() => setShown("following")} />
          <Count
            words={profile.follower_count === 1 ? "follower" : "followers"}
            count={profile.follower_count}
            onOpen={() => setShown("followers")}
          />
          <Count words={profile.total_likes === 1 ? "like" : "likes"} count={profile.total_likes} />
        </ul>
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
      <strong>{formatCount(count)}</strong> {words}
    </>
  );
  return (
    <li>
      {onOpen ? (
        <button type="button" className={styles.count} onClick={onOpen}>
          {text}
        </button>
      ) : (
        <span className={styles.count}>{text}</span>
      )}
    </li>
  );
}
