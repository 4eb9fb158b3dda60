import { type ReactNode, useMemo } from "react";
import { createPagedStore, type PagedStore } from "../../api/pagedStore";
import type { Video } from "../../api/types";
import { usePaged } from "../../api/usePaged";
import { listMine, listUserVideos } from "../../api/users";
import { ButtonLink } from "../../ui/Button";
import { Loading, Skeleton } from "../../ui/Skeleton";
import { Empty, Failed } from "../../ui/States";
import { useNearEnd } from "../../ui/useNearEnd";
import styles from "./ClipGrid.module.css";
import { ClipTile } from "./ClipTile";
import type { GridKind } from "./GridTabs";

function gridStore(kind: GridKind, userId: string): PagedStore<Video> {
  return createPagedStore<Video>(
    async (cursor) => {
      if (kind === "clips") {
        const page = await listUserVideos(userId, cursor);
        return { items: page.videos, nextCursor: page.next_cursor, hasMore: page.has_more };
      }
      const page = await listMine(kind, cursor);
      return { items: page.items, nextCursor: page.next_cursor, hasMore: page.has_more };
    },
    (video) => video.video_id,
  );
}

export function ClipGrid({ kind, userId, own }: { kind: GridKind; userId: string; own: boolean }) {
  const store = useMemo(() => gridStore(kind, userId), [kind, userId]);
  const { items, status, error } = usePaged(store);
  const marker = useNearEnd(() => {
    if (store.get().status === "idle") void store.loadMore();
  }, items.length);
  const waiting = status === "loading" || status === "fresh";

  return (
    <section
      id="grid"
      role={own ? "tabpanel" : undefined}
      aria-label={own ? undefined : "Clips"}
      aria-labelledby={own ? `tab-${kind}` : undefined}
    >
      <ul className={styles.grid} data-testid="clip-grid">
        {items.map((video) => (
          <li key={video.video_id}>
            <ClipTile card={video} own={own && kind === "clips"} store={store} />
          </li>
        ))}
      </ul>
      {waiting && <GridSkeleton count={items.length > 0 ? 3 : 9} />}
      {status === "failed" && error && <Failed error={error} onRetry={() => void store.loadMore()} />}
      {status === "end" && items.length === 0 && <NoClips kind={kind} own={own} />}
      <div ref={marker} />
    </section>
  );
}

export function GridSkeleton({ count }: { count: number }) {
  return (
    <Loading label="Loading clips" className={styles.grid}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: place-holders are all alike
        <Skeleton key={index} className={styles.tile} />
      ))}
    </Loading>
  );
}

function NoClips({ kind, own }: { kind: GridKind; own: boolean }): ReactNode {
  if (!own) return <Empty icon="film" title="No clips yet" />;
  switch (kind) {
    case "clips":
      return (
        <Empty
          icon="film"
          title="Your reel starts here"
          action={
            <ButtonLink href="/upload" tone="accent" icon="plus">
              Upload a clip
            </ButtonLink>
          }
        >
          What you upload appears here.
        </Empty>
      );
    case "likes":
      return (
        <Empty icon="heart" title="Nothing liked yet">
          Double-tap a clip, and it is kept here.
        </Empty>
      );
    case "saves":
      return (
        <Empty icon="bookmark" title="Nothing saved yet">
          Save clips to find them again.
        </Empty>
      );
    case "history":
      return (
        <Empty icon="clock" title="Nothing watched yet">
          The clips you watched gather here.
        </Empty>
      );
  }
}
