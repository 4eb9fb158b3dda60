import { useState } from "react";
import { Redirect } from "wouter";
import type { FeedKind } from "../../api/feed";
import { useStore } from "../../api/store";
import { ButtonLink } from "../../ui/Button";
import { Empty } from "../../ui/States";
import { useIsPhone } from "../../ui/useMedia";
import { useTitle } from "../../ui/useTitle";
import { useSession } from "../auth/session";
import { ClipList } from "./ClipList";
import styles from "./FeedPage.module.css";
import { FeedTabs } from "./FeedTabs";
import { FEEDS, feedOf } from "./feeds";

const wordsFor = (kind: FeedKind) => FEEDS.find((feed) => feed.kind === kind)?.label ?? "";

/** `/`, `/following` and `/trending`. */
export function FeedPage({ kind }: { kind: FeedKind }) {
  const session = useSession();
  const member = session.status === "member";
  const isPhone = useIsPhone();
  useTitle(wordsFor(kind));
  if (!member && kind === "for-you") return <Redirect to="/trending" replace />;

  return (
    <div className={styles.page}>
      <h1 className="sr-only">{wordsFor(kind)}</h1>
      {isPhone && <FeedTabs kind={kind} />}
      {member || kind === "trending" ? (
        <Feed key={`${kind}:${member ? session.me.user_id : ""}`} kind={kind} />
      ) : (
        <Empty
          icon="people"
          title="Your people, one swipe away"
          action={
            <ButtonLink href="/login" tone="accent">
              Log in
            </ButtonLink>
          }
        >
          Log in to see the newest clips of everybody you follow.
        </Empty>
      )}
    </div>
  );
}

function Feed({ kind }: { kind: FeedKind }) {
  const [feed] = useState(() => feedOf(kind));
  const index = useStore(feed.place);
  return (
    <ClipList
      store={feed.store}
      label={wordsFor(kind)}
      index={index}
      onIndex={feed.place.set}
      empty={<EmptyFeed kind={kind} />}
    />
  );
}

function EmptyFeed({ kind }: { kind: FeedKind }) {
  if (kind === "following") {
    return (
      <Empty
        icon="people"
        title="Nobody to watch yet"
        action={<ButtonLink href="/trending">See what's trending</ButtonLink>}
      >
        Follow a few people and their newest clips gather here.
      </Empty>
    );
  }
  return (
    <Empty
      icon="film"
      title="The reel is empty"
      action={
        <ButtonLink href="/upload" tone="accent" icon="plus">
          Upload a clip
        </ButtonLink>
      }
    >
      No clips have been shown yet. Yours could be the first.
    </Empty>
  );
}
