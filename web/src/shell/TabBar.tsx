import { Link, useLocation } from "wouter";
import { useSession } from "../features/auth/session";
import { FEEDS } from "../features/feed/feeds";
import { UploadPill } from "../features/upload/UploadPill";
import { Avatar } from "../ui/Avatar";
import { cx } from "../ui/cx";
import { Icon } from "../ui/Icon";
import styles from "./TabBar.module.css";

/** Home, upload, oneself: within reach of a thumb. */
export function TabBar() {
  const [path] = useLocation();
  const session = useSession();
  const me = session.status === "member" ? session.me : null;
  const home = FEEDS.some(({ href }) => href === path);
  const mine = me ? `/@${me.username}` : "/login";

  return (
    <nav className={styles.bar} aria-label="Main">
      {path !== "/upload" && (
        <div className={styles.pill}>
          <UploadPill />
        </div>
      )}
      <Link
        href="/"
        className={cx(styles.tab, home && styles.current)}
        aria-current={home ? "page" : undefined}
        data-testid="nav-home"
      >
        <Icon name="home" size={25} />
        Home
      </Link>
      <Link
        href="/upload"
        className={styles.create}
        aria-label="Upload"
        aria-current={path === "/upload" ? "page" : undefined}
        data-testid="nav-upload"
      >
        <span>
          <Icon name="plus" size={24} />
        </span>
      </Link>
      <Link
        href={mine}
        className={cx(styles.tab, path === mine && styles.current)}
        aria-current={path === mine ? "page" : undefined}
        data-testid="nav-profile"
      >
        {me ? <Avatar user={me} size={25} /> : <Icon name="person" size={25} />}
        {me ? "Profile" : "Log in"}
      </Link>
    </nav>
  );
}
