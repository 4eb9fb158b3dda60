import { useMemo, useState } from "react";
import { endOtherSessions, endSession, listSessions } from "../../api/auth";
import { createPagedStore } from "../../api/pagedStore";
import { asApiError } from "../../api/problem";
import type { Session } from "../../api/types";
import { usePaged } from "../../api/usePaged";
import { Button } from "../../ui/Button";
import { formatAgo } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Loading, Skeleton } from "../../ui/Skeleton";
import { Failed } from "../../ui/States";
import { toast } from "../../ui/toast";
import { deviceName } from "./device";
import styles from "./Settings.module.css";

/** Where one is logged in, and how to end it. */
export function Sessions() {
  const store = useMemo(
    () =>
      createPagedStore<Session>(
        async (cursor) => {
          const page = await listSessions(cursor);
          return { items: page.items, nextCursor: page.next_cursor, hasMore: page.has_more };
        },
        (session) => session.session_id,
      ),
    [],
  );
  const { items, status, error } = usePaged(store);

  async function end(work: () => Promise<void>, done: string): Promise<void> {
    try {
      await work();
      toast(done);
      await store.restart();
    } catch (caught) {
      toast(asApiError(caught).message, "error");
    }
  }

  return (
    <section className={styles.card} data-testid="sessions">
      <h2>Where you're logged in</h2>
      <ul>
        {items.map((session) => (
          <Row
            key={session.session_id}
            session={session}
            onEnd={() => end(() => endSession(session.session_id), "Logged out there")}
          />
        ))}
      </ul>
      {(status === "loading" || status === "fresh") && (
        <Loading label="Loading sessions">
          <Skeleton height={56} />
        </Loading>
      )}
      {status === "failed" && error && <Failed error={error} onRetry={() => void store.loadMore()} />}
      <div className={styles.actions}>
        {status === "idle" && (
          <Button size="s" onClick={() => void store.loadMore()}>
            Show more
          </Button>
        )}
        {items.length > 1 && (
          <Button size="s" tone="ghost" onClick={() => end(endOtherSessions, "Logged out everywhere else")}>
            Log out everywhere else
          </Button>
        )}
      </div>
    </section>
  );
}

function Row({ session, onEnd }: { session: Session; onEnd: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const device = deviceName(session.user_agent);
  return (
    <li className={styles.session}>
      <Icon name="device" size={26} />
      <div className={styles.grow}>
        <p className={styles.strong}>
          {device}
          {session.current && <span className={styles.here}>This one</span>}
        </p>
        <p className={styles.dim}>
          {session.ip} · {session.current ? "active now" : `active ${formatAgo(session.last_seen_at)}`}
        </p>
      </div>
      {!session.current && (
        <Button
          size="s"
          busy={busy}
          aria-label={`Log out ${device}`}
          onClick={() => {
            setBusy(true);
            void onEnd().finally(() => setBusy(false));
          }}
        >
          Log out
        </Button>
      )}
    </li>
  );
}
