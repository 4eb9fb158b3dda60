import { useState } from "react";
import type { UserBrief } from "../api/types";
import styles from "./Avatar.module.css";

const HUES = [18, 42, 96, 158, 196, 232, 274, 326];

/** The picture, or the initial on a colour of its own. Decorative: the name stands beside it or on the link. */
export function Avatar({ user, size = 40 }: { user: UserBrief; size?: number }) {
  const [broken, setBroken] = useState<string | null>(null);
  const url = user.avatar_url;
  const box = { width: size, height: size, fontSize: size * 0.42 };
  if (url && broken !== url) {
    return (
      <img
        className={styles.avatar}
        style={box}
        src={url}
        alt=""
        draggable={false}
        onError={() => setBroken(url)}
      />
    );
  }
  const name = user.display_name || user.username;
  const hue =
    HUES[Array.from(user.user_id).reduce((sum, char) => sum + char.charCodeAt(0), 0) % HUES.length];
  return (
    <span
      className={styles.avatar}
      style={{ ...box, background: `linear-gradient(140deg, hsl(${hue} 62% 46%), hsl(${hue} 58% 28%))` }}
      aria-hidden="true"
    >
      {Array.from(name)[0]?.toUpperCase()}
    </span>
  );
}
