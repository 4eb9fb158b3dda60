import { useState } from "react";
import { Link } from "wouter";
import { asApiError } from "../../api/problem";
import { deleteComment, setCommentLike } from "../../api/social";
import type { Comment, Video } from "../../api/types";
import { Avatar } from "../../ui/Avatar";
import { cx } from "../../ui/cx";
import { formatAgo, formatCount } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/toast";
import { Verified } from "../../ui/Verified";
import { requireMember } from "../auth/gate";
import { currentUserId } from "../auth/session";
import { stepped, toggle } from "../social/toggle";
import styles from "./Comments.module.css";
import { countComments } from "./counts";

interface ItemProps {
  comment: Comment;
  video: Video;
  onReply: () => void;
  onChanged: (comment: Comment) => void;
  onRemoved: () => void;
}

export function CommentItem({ comment, video, onReply, onChanged, onRemoved }: ItemProps) {
  const { user, liked } = comment;
  const byMaker = user.user_id === video.user.user_id;

  function like(): void {
    if (!requireMember("Log in to like comments")) return;
    void toggle({
      key: `comment:${comment.comment_id}`,
      on: !liked,
      show: (on, known) =>
        onChanged({ ...comment, liked: on, like_count: stepped(comment.like_count, liked, on, known) }),
      send: async () => (await setCommentLike(comment.comment_id, !liked)).like_count,
    });
  }

  /** With replies below it, an empty place is kept. */
  function deleted(): void {
    countComments(comment.video_id, -1);
    if (comment.reply_count > 0) onChanged({ ...comment, deleted: true, content: "" });
    else onRemoved();
  }

  if (comment.deleted) return <p className={styles.deleted}>This comment was deleted.</p>;
  return (
    <article
      className={styles.comment}
      aria-label={`Comment by ${user.display_name}`}
      data-testid="comment"
    >
      <Link href={`/@${user.username}`} tabIndex={-1} aria-hidden="true">
        <Avatar user={user} size={38} />
      </Link>
      <div>
        <p className={styles.by}>
          <Link href={`/@${user.username}`} className={styles.name}>
            {user.display_name}
          </Link>
          {user.verified && <Verified />}
          {byMaker && <span className={styles.maker}>Creator</span>}
        </p>
        <p className={styles.content}>{comment.content}</p>
        <p className={styles.foot}>
          <span>{formatAgo(comment.created_at)}</span>
          <button type="button" onClick={onReply}>
            Reply
          </button>
          {user.user_id === currentUserId() && <DeleteButton comment={comment} onDeleted={deleted} />}
        </p>
      </div>
      <button
        type="button"
        className={cx(styles.like, liked && styles.liked)}
        aria-pressed={liked}
        aria-label={`Like this comment, ${comment.like_count}`}
        onClick={like}
      >
        <Icon name={liked ? "heartFilled" : "heart"} size={18} />
        <span>{comment.like_count > 0 ? formatCount(comment.like_count) : ""}</span>
      </button>
    </article>
  );
}

/** Asks once more in place: a second press deletes. */
function DeleteButton({ comment, onDeleted }: { comment: Comment; onDeleted: () => void }) {
  const [asking, setAsking] = useState(false);

  async function remove(): Promise<void> {
    try {
      await deleteComment(comment.comment_id);
      onDeleted();
    } catch (error) {
      setAsking(false);
      toast(asApiError(error).message, "error");
    }
  }

  return (
    <button
      type="button"
      className={cx(asking && styles.sure)}
      onBlur={() => setAsking(false)}
      onClick={() => (asking ? void remove() : setAsking(true))}
    >
      {asking ? "Really delete?" : "Delete"}
    </button>
  );
}
