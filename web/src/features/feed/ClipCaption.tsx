import { useState } from "react";
import { Link } from "wouter";
import type { Video } from "../../api/types";
import { cx } from "../../ui/cx";
import { formatAgo } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Verified } from "../../ui/Verified";
import styles from "./ClipCaption.module.css";
import { RichText } from "./RichText";

const LONG = 90;

/** Who made it and what it says, over the lower edge of the picture. */
export function ClipCaption({ video }: { video: Video }) {
  const [open, setOpen] = useState(false);
  const long = video.description.length > LONG || video.description.includes("\n");

  return (
    <div className={styles.caption}>
      <p className={styles.by}>
        <Link href={`/@${video.user.username}`} className={styles.name} data-testid="clip-author">
          {video.user.display_name}
        </Link>
        {video.user.verified && <Verified />}
        <span className={styles.when}>{formatAgo(video.published_at ?? video.created_at)}</span>
        {video.visibility !== "public" && (
          <span className={styles.badge}>
            <Icon name={video.visibility === "private" ? "lock" : "people"} size={14} />
            {video.visibility === "private" ? "Only you" : "Friends"}
          </span>
        )}
      </p>
      <h2 className={styles.title}>{video.title}</h2>
      {video.description && (
        <p className={cx(styles.text, open && styles.open)} data-scrolls={open || undefined}>
          <RichText text={video.description} />
        </p>
      )}
      {long && (
        <button type="button" className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "less" : "more"}
        </button>
      )}
      {video.music && (
        <p className={styles.music}>
          <Icon name="music" size={16} />
          {video.music.title} · {video.music.artist}
        </p>
      )}
    </div>
  );
}
