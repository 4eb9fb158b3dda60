import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import type { PagedStore } from "../../api/pagedStore";
import type { Video } from "../../api/types";
import { usePaged } from "../../api/usePaged";
import { Stage } from "../../player/Stage";
import type { Mode } from "../../player/source";
import { cx } from "../../ui/cx";
import { Empty, Failed } from "../../ui/States";
import { announce } from "../../ui/toast";
import { useHotkeys } from "../../ui/useHotkeys";
import { CommentsPane } from "../comments/CommentsPane";
import { Clip } from "./Clip";
import styles from "./ClipList.module.css";
import { ClipSkeleton } from "./ClipSkeleton";
import { playable } from "./opened";

/** Ask for the next page when this few clips are left. */
const AHEAD = 4;

interface ClipListProps {
  store: PagedStore<Video>;
  label: string;
  index: number;
  onIndex: (index: number) => void;
  empty: ReactNode;
  /** The screen after the last clip. */
  end?: ReactNode;
  commentsAtFirst?: boolean;
}

/** Any list of clips on the stage, with the comments of the active one beside it. */
export function ClipList({
  store,
  label,
  index,
  onIndex,
  empty,
  end,
  commentsAtFirst = false,
}: ClipListProps) {
  const { items: listed, status, error } = usePaged(store);
  const items = useMemo(() => playable(listed), [listed]);
  const [comments, setComments] = useState(commentsAtFirst);
  const active = items[index];
  const title = active ? `${active.title}, by ${active.user.display_name}` : null;

  useEffect(() => {
    if (items.length > 0 && index >= items.length - AHEAD && store.get().status === "idle")
      void store.loadMore();
  }, [store, index, items.length]);

  useEffect(() => {
    if (title) announce(title);
  }, [title]);

  const toggleComments = useCallback(() => setComments((open) => !open), []);
  useHotkeys(comments ? { c: toggleComments, Escape: toggleComments } : { c: toggleComments });

  const renderClip = useCallback(
    (position: number, mode: Mode) => {
      const video = items[position];
      if (!video) return null;
      return (
        <Clip
          card={video}
          mode={mode}
          commentsOpen={comments}
          onComments={toggleComments}
          onGone={() => store.remove(video.video_id)}
        />
      );
    },
    [items, comments, toggleComments, store],
  );

  if (items.length === 0) {
    if (status === "failed" && error) return <Failed error={error} onRetry={() => void store.loadMore()} />;
    if (status === "end") return empty;
    return <ClipSkeleton />;
  }
  return (
    <div className={cx(styles.layout, comments && active && styles.withPane)}>
      <Stage
        label={label}
        keys={items.map((video) => video.video_id)}
        index={index}
        onIndex={onIndex}
        renderClip={renderClip}
        tail={<Tail store={store} end={end} />}
      />
      {comments && active && <CommentsPane key={active.video_id} card={active} onClose={toggleComments} />}
    </div>
  );
}

function Tail({ store, end }: { store: PagedStore<Video>; end: ReactNode }) {
  const { status, error } = usePaged(store);
  if (status === "failed" && error) return <Failed error={error} onRetry={() => void store.loadMore()} />;
  if (status !== "end") return <ClipSkeleton />;
  if (end) return end;
  return (
    <Empty icon="check" title="You're all caught up">
      That was the last clip for now.
    </Empty>
  );
}
