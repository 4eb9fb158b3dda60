import { useMemo } from "react";
import { Link } from "wouter";
import { createPagedStore } from "../../api/pagedStore";
import { type FollowSide, listFollows } from "../../api/social";
import type { UserBrief } from "../../api/types";
import { usePaged } from "../../api/usePaged";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { Loading, Skeleton } from "../../ui/Skeleton";
import { Empty, Failed } from "../../ui/States";
import { useNearEnd } from "../../ui/useNearEnd";
import { Verified } from "../../ui/Verified";
import styles from "./ProfilePage.module.css";

interface FollowsProps {
  userId: string;
  side: FollowSide;
  onClose: () => void;
}

export function FollowsDialog({ userId, side, onClose }: FollowsProps) {
  const store = useMemo(
    () =>
      createPagedStore<UserBrief>(
        async (cursor) => {
          const page = await listFollows(userId, side, cursor);
          return { items: page.items, nextCursor: page.next_cursor, hasMore: page.has_more };
        },
        (user) => user.user_id,
      ),
    [userId, side],
  );
  const { items, status, error } = usePaged(store);
  const marker = useNearEnd(() => {
    if (store.get().status === "idle") void store.loadMore();
  }, items.length);

  return (
    <Dialog title={side === "followers" ? "Followers" : "Following"} onClose={onClose}>
      <ul>
        {items.map((user) => (
          <li key={user.user_id}>
            <Link href={`/@${user.username}`} className={styles.person} onClick={onClose}>
              <Avatar user={user} size={44} />
              <span>
                <strong>
                  {user.display_name} {user.verified && <Verified />}
                </strong>
                <span className={styles.handle}>@{user.username}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {(status === "loading" || status === "fresh") && (
        <Loading label="Loading people">
          <Skeleton height={60} />
        </Loading>
      )}
      {status === "failed" && error && <Failed error={error} onRetry={() => void store.loadMore()} />}
      {status === "end" && items.length === 0 && (
        <Empty icon="people" title={side === "followers" ? "No followers yet" : "Follows nobody yet"} />
      )}
      <div ref={marker} />
    </Dialog>
  );
}
