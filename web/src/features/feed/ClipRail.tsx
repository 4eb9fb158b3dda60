import { useState } from "react";
import { Link } from "wouter";
import type { Video } from "../../api/types";
import { Avatar } from "../../ui/Avatar";
import { cx } from "../../ui/cx";
import { formatCount } from "../../ui/format";
import { Icon, type IconName } from "../../ui/Icon";
import { useSession } from "../auth/session";
import { followUser, likeVideo, saveVideo } from "../social/actions";
import { ShareDialog } from "../social/ShareDialog";
import { shareBySystem } from "../social/share";
import { ClipMenu } from "./ClipMenu";
import styles from "./ClipRail.module.css";

interface RailProps {
  video: Video;
  commentsOpen: boolean;
  onComments: () => void;
  onGone: () => void;
}

/** The column of actions: beside the picture on a desktop, over it on a phone. */
export function ClipRail({ video, commentsOpen, onComments, onGone }: RailProps) {
  const [sharing, setSharing] = useState(false);
  const session = useSession();
  const own = session.status === "member" && session.me.user_id === video.user.user_id;
  const { liked, saved } = video.user_interaction;
  const { stats } = video;

  return (
    <div className={styles.rail}>
      <Author video={video} own={own} />
      <RailButton
        icon={liked ? "heartFilled" : "heart"}
        label="Like"
        count={stats.likes}
        pressed={liked}
        tint={styles.liked}
        onClick={() => likeVideo(video, !liked)}
        testId="like-button"
      />
      {video.allow_comments && (
        <RailButton
          icon="comment"
          label="Comments"
          count={stats.comments}
          expanded={commentsOpen}
          onClick={onComments}
          testId="comments-button"
        />
      )}
      <RailButton
        icon={saved ? "bookmarkFilled" : "bookmark"}
        label="Save"
        count={stats.saves}
        pressed={saved}
        tint={styles.saved}
        onClick={() => saveVideo(video, !saved)}
        testId="save-button"
      />
      <RailButton
        icon="share"
        label="Share"
        count={stats.shares}
        onClick={() => shareBySystem(video) || setSharing(true)}
        testId="share-button"
      />
      {own && <ClipMenu video={video} onGone={onGone} />}
      {sharing && <ShareDialog video={video} onClose={() => setSharing(false)} />}
    </div>
  );
}

function Author({ video, own }: { video: Video; own: boolean }) {
  const { user, user_interaction } = video;
  const { following } = user_interaction;
  return (
    <div className={styles.author}>
      <Link
        href={`/@${user.username}`}
        aria-label={`${user.display_name}'s profile`}
        className={styles.face}
      >
        <Avatar user={user} size={48} />
      </Link>
      {!own && (
        <button
          type="button"
          className={cx(styles.follow, following && styles.following)}
          aria-pressed={following}
          aria-label={following ? `Unfollow ${user.display_name}` : `Follow ${user.display_name}`}
          title={following ? "Following" : "Follow"}
          onClick={() => followUser(user, !following)}
          data-testid="follow-button"
        >
          <span>
            <Icon name={following ? "check" : "plus"} size={16} />
          </span>
        </button>
      )}
    </div>
  );
}

interface RailButtonProps {
  icon: IconName;
  label: string;
  count: number;
  onClick: () => void;
  testId: string;
  pressed?: boolean;
  expanded?: boolean;
  tint?: string | undefined;
}

function RailButton({ icon, label, count, onClick, testId, pressed, expanded, tint }: RailButtonProps) {
  return (
    <button
      type="button"
      className={cx(styles.action, pressed && tint)}
      aria-label={`${label}, ${formatCount(count)}`}
      aria-pressed={pressed}
      aria-expanded={expanded}
      title={label}
      onClick={onClick}
      data-testid={testId}
    >
      <span className={styles.disc} key={String(pressed)}>
        <Icon name={icon} size={27} />
      </span>
      <span className={styles.count}>{formatCount(count)}</span>
    </button>
  );
}
