import { useCallback, useEffect, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { createPagedStore } from "../../api/pagedStore";
import type { Video } from "../../api/types";
import { useLoad } from "../../api/useLoad";
import { getVideo } from "../../api/videos";
import { ButtonLink, IconButton } from "../../ui/Button";
import { Empty, Failed } from "../../ui/States";
import { useIsPhone } from "../../ui/useMedia";
import { useTitle } from "../../ui/useTitle";
import { forgetDone } from "../upload/job";
import { ClipList } from "./ClipList";
import { ClipSkeleton } from "./ClipSkeleton";
import { playable, takeOpened } from "./opened";
import styles from "./VideoPage.module.css";

/** `/v/{id}`: one clip under its own address, or the list it was opened from, at that clip. */
export function VideoPage({ id }: { id: string }) {
  const [list] = useState(() => takeOpened(id));
  useEffect(() => forgetDone(id), [id]);
  const opened = list?.get().items.some((video) => video.video_id === id) ? list : null;
  return (
    <div className={styles.page}>
      <BackButton />
      {opened ? <Opened list={opened} id={id} /> : <Single id={id} />}
    </div>
  );
}

function BackButton() {
  const [, navigate] = useLocation();
  const back = () => (history.length > 1 ? history.back() : navigate("/"));
  return <IconButton onDark className={styles.back} icon="back" label="Back" onClick={back} />;
}

function Opened({ list, id }: { list: NonNullable<ReturnType<typeof takeOpened>>; id: string }) {
  const [index, setIndex] = useState(() =>
    Math.max(
      0,
      playable(list.get().items).findIndex((video) => video.video_id === id),
    ),
  );
  const shown = playable(list.get().items)[index];
  useTitle(shown?.title ?? null);

  function onIndex(next: number): void {
    setIndex(next);
    const video = playable(list.get().items)[next];
    // The address follows the clip without a new step of history: "back" leads out of the list.
    if (video) history.replaceState(history.state, "", `/v/${video.video_id}`);
  }
  return <ClipList store={list} label="Clips" index={index} onIndex={onIndex} empty={<Gone />} />;
}

function Single({ id }: { id: string }) {
  const load = useCallback((signal: AbortSignal) => getVideo(id, signal), [id]);
  const { state, retry } = useLoad(load);
  useTitle(state.status === "ready" ? state.value.title : null);

  if (state.status === "loading") return <ClipSkeleton />;
  if (state.status === "ready") return <Ready video={state.value} onRetry={retry} />;
  return state.error.status === 404 ? <Gone /> : <Failed error={state.error} onRetry={retry} />;
}

function Ready({ video, onRetry }: { video: Video; onRetry: () => void }) {
  const isPhone = useIsPhone();
  const store = useMemo(
    () =>
      createPagedStore<Video>(
        async () => ({ items: [video], nextCursor: null, hasMore: false }),
        (item) => item.video_id,
      ),
    [video],
  );
  const [index, setIndex] = useState(0);
  if (video.status !== "active") return <NotYet video={video} onRetry={onRetry} />;
  return (
    <ClipList
      store={store}
      label={video.title}
      index={index}
      onIndex={setIndex}
      empty={<Gone />}
      end={<More />}
      commentsAtFirst={!isPhone && video.allow_comments}
    />
  );
}

function NotYet({ video, onRetry }: { video: Video; onRetry: () => void }) {
  const failed = video.status === "failed";
  return (
    <Empty
      icon={failed ? "alert" : "clock"}
      title={failed ? "This clip could not be prepared" : "Still being prepared"}
      action={
        failed ? (
          <ButtonLink href={`/@${video.user.username}`}>To your clips</ButtonLink>
        ) : (
          <IconButton icon="retry" label="Look again" onClick={onRetry} />
        )
      }
    >
      {failed ? "Your profile says what went wrong." : "It can be watched in a moment."}
    </Empty>
  );
}

function More() {
  return (
    <Empty
      icon="film"
      title="There is more to see"
      action={<ButtonLink href="/">Watch more clips</ButtonLink>}
    />
  );
}

function Gone() {
  return (
    <Empty
      icon="eyeOff"
      title="This clip isn't here"
      action={<ButtonLink href="/">Watch something else</ButtonLink>}
    >
      It may have been deleted, or it isn't shared with you.
    </Empty>
  );
}
