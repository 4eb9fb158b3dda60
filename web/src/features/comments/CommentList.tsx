import type { PagedStore } from "../../api/pagedStore";
import type { Comment, Video } from "../../api/types";
import { usePaged } from "../../api/usePaged";
import { Loading, Skeleton } from "../../ui/Skeleton";
import { Empty, Failed } from "../../ui/States";
import { useNearEnd } from "../../ui/useNearEnd";
import styles from "./Comments.module.css";
import { Thread } from "./Thread";

interface ListProps {
  store: PagedStore<Comment>;
  video: Video;
  /** A reply that has just been written: its thread opens and shows it. */
  posted: Comment | null;
  onReply: (to: Comment) => void;
}

export function CommentList({ store, video, posted, onReply }: ListProps) {
  const { items, status, error } = usePaged(store);
  const marker = useNearEnd(() => {
    if (store.get().status === "idle") void store.loadMore();
  }, items.length);

  return (
    <div className={styles.scroll}>
      <ul className={styles.list}>
        {items.map((comment) => (
          <Thread
            key={comment.comment_id}
            comment={comment}
            video={video}
            posted={posted?.parent_comment_id === comment.comment_id ? posted : null}
            onReply={onReply}
            onChanged={store.replace}
            onRemoved={() => store.remove(comment.comment_id)}
          />
        ))}
      </ul>
      {status === "failed" && error && <Failed error={error} onRetry={() => void store.loadMore()} />}
      {(status === "loading" || status === "fresh") && (
        <CommentSkeletons count={items.length > 0 ? 1 : 5} />
      )}
      {status === "end" && items.length === 0 && (
        <Empty icon="comment" title="No comments yet">
          Say the first word.
        </Empty>
      )}
      <div ref={marker} />
    </div>
  );
}

export function CommentSkeletons({ count }: { count: number }) {
  return (
    <Loading label="Loading comments" className={styles.list}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: place-holders are all alike
        <div key={index} className={styles.comment}>
          <Skeleton width={38} height={38} round />
          <div className={styles.bones}>
            <Skeleton width="32%" height={12} />
            <Skeleton width="84%" height={14} />
          </div>
        </div>
      ))}
    </Loading>
  );
}
