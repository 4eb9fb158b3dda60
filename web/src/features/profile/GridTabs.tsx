import type { KeyboardEvent } from "react";
import { cx } from "../../ui/cx";
import { Icon, type IconName } from "../../ui/Icon";
import styles from "./ProfilePage.module.css";

export type GridKind = "clips" | "likes" | "saves" | "history";

const TABS: readonly { kind: GridKind; label: string; icon: IconName }[] = [
  { kind: "clips", label: "Clips", icon: "grid" },
  { kind: "likes", label: "Liked", icon: "heart" },
  { kind: "saves", label: "Saved", icon: "bookmark" },
  { kind: "history", label: "Watched", icon: "clock" },
];

/** One's own four lists, after the ARIA tabs pattern: arrows move, Tab leaves. */
export function GridTabs({ kind, onKind }: { kind: GridKind; onKind: (kind: GridKind) => void }) {
  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = TABS.findIndex((tab) => tab.kind === kind);
    const next = TABS[(at + step + TABS.length) % TABS.length];
    if (!next) return;
    onKind(next.kind);
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next.kind}`)?.focus();
  }
  return (
    <div className={styles.tabs} role="tablist" aria-label="Your lists" onKeyDown={onKeyDown}>
      {TABS.map((tab) => (
        <button
          key={tab.kind}
          id={`tab-${tab.kind}`}
          type="button"
          role="tab"
          aria-selected={tab.kind === kind}
          aria-controls="grid"
          tabIndex={tab.kind === kind ? 0 : -1}
          className={cx(styles.tab, tab.kind === kind && styles.currentTab)}
          onClick={() => onKind(tab.kind)}
        >
          <Icon name={tab.icon} size={20} />
          <span>{tab.label}</span>
        </button>
      ))}
    </div>
  );
}
