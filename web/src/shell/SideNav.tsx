import { Link, useLocation } from "wouter";
import { useSession } from "../features/auth/session";
import { FEEDS, refreshFeed } from "../features/feed/feeds";
import { UploadPill } from "../features/upload/UploadPill";
import { Avatar } from "../ui/Avatar";
import { ButtonLink } from "../ui/Button";
import { cx } from "../ui/cx";
import { Icon, type IconName } from "../ui/Icon";
import { Logo, LogoMark } from "../ui/Logo";
import styles from "./SideNav.module.css";

const FEED_ICONS: Record<string, IconName> = { "for-you": "home", following: "people", trending: "flame" };
const ORDER = ["for-you", "following", "trending"];

/** Wordmark, the feeds, one's own places. Narrow windows show the icons only. */
export function SideNav() {
  const [path] = useLocation();
  const session = useSession();
  const me = session.status === "member" ? session.me : null;
  const feeds = [...FEEDS].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));

  return (
    <nav className={styles.side} aria-label="Main">
      <Link href="/" className={styles.logo} aria-label="Kinora, home">
        <span className={styles.wide}>
          <Logo height={38} />
        </span>
        <span className={styles.narrow}>
          <LogoMark size={38} />
        </span>
      </Link>
      {feeds.map(({ kind, href, label }) => (
        <Item
          key={kind}
          href={href}
          icon={FEED_ICONS[kind] ?? "film"}
          label={label}
          current={path === href}
          onAgain={() => refreshFeed(kind)}
          testId={`tab-${kind}`}
        />
      ))}
      <hr className={styles.rule} />
      <Item href="/upload" icon="plus" label="Upload" current={path === "/upload"} testId="nav-upload" />
      {me && (
        <>
          <Link
            href={`/@${me.username}`}
            className={cx(styles.item, path === `/@${me.username}` && styles.current)}
            aria-current={path === `/@${me.username}` ? "page" : undefined}
            data-testid="nav-profile"
          >
            <Avatar user={me} size={26} />
            <span className={styles.label}>Profile</span>
          </Link>
          <Item
            href="/settings"
            icon="settings"
            label="Settings"
            current={path === "/settings"}
            testId="nav-settings"
          />
        </>
      )}
      <div className={styles.foot}>
        {path !== "/upload" && <UploadPill />}
        {session.status === "visitor" && (
          <div className={styles.join}>
            <p>Join to follow people, like, comment and upload.</p>
            <ButtonLink href="/signup" tone="accent" wide>
              Sign up
            </ButtonLink>
            <ButtonLink href="/login" tone="ghost" wide>
              Log in
            </ButtonLink>
          </div>
        )}
      </div>
    </nav>
  );
}

interface ItemProps {
  href: string;
  icon: IconName;
  label: string;
  current: boolean;
  testId: string;
  onAgain?: () => void;
}

function Item({ href, icon, label, current, testId, onAgain }: ItemProps) {
  return (
    <Link
      href={href}
      className={cx(styles.item, current && styles.current)}
      aria-current={current ? "page" : undefined}
      title={label}
      onClick={() => current && onAgain?.()}
      data-testid={testId}
    >
      <Icon name={icon} size={26} />
      <span className={styles.label}>{label}</span>
    </Link>
  );
}
