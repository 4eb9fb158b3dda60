import { useEffect, useMemo, useState } from "react";
import { createPagedStore, type PagedStore } from "../../api/pagedStore";
import { listReplies } from "../../api/social";
import type { Comment, Video } from "../../api/types";
import { usePaged } from "../../api/usePaged";
import { Button } from "../../ui/Button";
import { CommentItem } from "./CommentItem";
import { CommentSkeletons } from "./CommentList";
import styles from "./Comments.module.css";

interface ThreadProps {
  comment: Comment;
  video: Video;
  posted: Comment | null;
  onReply: (to: Comment) => void;
  onChanged: (comment: Comment) => void;
  onRemoved: () => void;
}

/** A comment with its replies, which are fetched when somebody wants to see them. */
export function Thread({ comment, video, posted, onReply, onChanged, onRemoved }: ThreadProps) {
  const { comment_id, reply_count } = comment;
  const [open, setOpen] = useState(false);
  const replies = useMemo(
    () =>
      createPagedStore<Comment>(
        async (cursor) => {
          const page = await listReplies(comment_id, cursor);
          return { items: page.items, nextCursor: page.next_cursor, hasMore: page.has_more };
        },
        (reply) => reply.comment_id,
      ),
    [comment_id],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each new reply
  useEffect(() => {
    if (!posted) return;
    setOpen(true);
    onChanged({ ...comment, reply_count: reply_count + 1 });
    void replies.restart();
  }, [posted]);

  function removed(reply: Comment): void {
    replies.remove(reply.comment_id);
    onChanged({ ...comment, reply_count: Math.max(0, reply_count - 1) });
  }

  return (
    <li>
      <CommentItem
        comment={comment}
        video={video}
        onReply={() => onReply(comment)}
        onChanged={onChanged}
        onRemoved={onRemoved}
      />
      {reply_count > 0 && (
        <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide replies" : `View ${reply_count} ${reply_count === 1 ? "reply" : "replies"}`}
        </button>
      )}
      {open && (
        <Replies store={replies} video={video} onReply={() => onReply(comment)} onRemoved={removed} />
      )}
    </li>
  );
}

interface RepliesProps {
  store: PagedStore<Comment>;
  video: Video;
  onReply: () => void;
  onRemoved: (reply: Comment) => void;
}

function Replies({ store, video, onReply, onRemoved }: RepliesProps) {
  const { items, status, error } = usePaged(store);

  return (
    <div className={styles.replies}>
      <ul>
        {items.map((reply) => (
          <li key={reply.comment_id}>
            <CommentItem
              comment={reply}
              video={video}
              onReply={onReply}
              onChanged={store.replace}
              onRemoved={() => onRemoved(reply)}
            />
          </li>
        ))}
      </ul>
      {status === "loading" && <CommentSkeletons count={1} />}
      {error && <p className={styles.closed}>{error.message}</p>}
      {(status === "idle" || status === "failed") && (
        <Button size="s" tone="ghost" onClick={() => void store.loadMore()}>
          {status === "failed" ? "Try again" : "More replies"}
        </Button>
      )}
    </div>
  );
}
