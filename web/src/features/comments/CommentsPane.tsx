import { useEffect, useMemo, useRef, useState } from "react";
import { createPagedStore } from "../../api/pagedStore";
import { listComments } from "../../api/social";
import type { Comment, Video } from "../../api/types";
import { useVideo } from "../../api/videoCache";
import { IconButton } from "../../ui/Button";
import { formatCount } from "../../ui/format";
import { useIsPhone } from "../../ui/useMedia";
import { CommentList } from "./CommentList";
import styles from "./Comments.module.css";
import { Composer } from "./Composer";
import { countComments } from "./counts";

/** The comments of a clip: a panel beside the stage, or on a phone a sheet over its lower part. */
export function CommentsPane({ card, onClose }: { card: Video; onClose: () => void }) {
  const isPhone = useIsPhone();
  const body = <Comments card={card} onClose={onClose} />;
  if (isPhone) return <Sheet onClose={onClose}>{body}</Sheet>;
  return (
    <aside className={styles.panel} aria-label="Comments" data-own-keys>
      {body}
    </aside>
  );
}

function Sheet({ onClose, children }: { onClose: () => void; children: React.ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the backdrop click only adds to Esc and the close button
    <dialog
      ref={ref}
      className={styles.sheet}
      aria-label="Comments"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      {children}
    </dialog>
  );
}

function Comments({ card, onClose }: { card: Video; onClose: () => void }) {
  const video = useVideo(card);
  const { video_id } = card;
  const [answering, setAnswering] = useState<Comment | null>(null);
  const [posted, setPosted] = useState<Comment | null>(null);
  const store = useMemo(
    () =>
      createPagedStore<Comment>(
        async (cursor) => {
          const page = await listComments(video_id, cursor);
          return { items: page.items, nextCursor: page.next_cursor, hasMore: page.has_more };
        },
        (comment) => comment.comment_id,
      ),
    [video_id],
  );

  function onPosted(comment: Comment): void {
    countComments(video_id, 1);
    setAnswering(null);
    if (comment.parent_comment_id === null) store.prepend(comment);
    else setPosted(comment);
  }

  return (
    <div className={styles.box} data-testid="comments">
      <header className={styles.header}>
        <h2 className={styles.heading}>
          Comments <span className={styles.total}>{formatCount(video.stats.comments)}</span>
        </h2>
        <IconButton icon="close" label="Close comments" onClick={onClose} />
      </header>
      <CommentList store={store} video={video} posted={posted} onReply={setAnswering} />
      {video.allow_comments ? (
        <Composer
          videoId={video_id}
          answering={answering}
          onCancel={() => setAnswering(null)}
          onPosted={onPosted}
        />
      ) : (
        <p className={styles.closed}>Comments are switched off for this clip.</p>
      )}
    </div>
  );
}
