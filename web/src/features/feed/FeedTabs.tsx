import { Link } from "wouter";
import type { FeedKind } from "../../api/feed";
import { cx } from "../../ui/cx";
import styles from "./FeedTabs.module.css";
import { FEEDS, refreshFeed } from "./feeds";

/** The three feeds above the clip, on a phone. */
export function FeedTabs({ kind }: { kind: FeedKind }) {
  return (
    <nav className={styles.tabs} aria-label="Feeds">
      {FEEDS.map((feed) => (
        <Link
          key={feed.kind}
          href={feed.href}
          className={cx(styles.tab, feed.kind === kind && styles.current)}
          aria-current={feed.kind === kind ? "page" : undefined}
          onClick={() => feed.kind === kind && refreshFeed(kind)}
          data-testid={`tab-${feed.kind}`}
        >
          {feed.label}
        </Link>
      ))}
    </nav>
  );
}
