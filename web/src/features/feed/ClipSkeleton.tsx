import { Loading, Skeleton } from "../../ui/Skeleton";
import clip from "./Clip.module.css";
import styles from "./ClipSkeleton.module.css";

const ACTIONS = ["like", "comments", "save", "share"];

/** The stage before the first clip is known: same places, same sizes. */
export function ClipSkeleton() {
  return (
    <Loading label="Loading clips" className={clip.clip}>
      <div className={clip.frame}>
        <Skeleton className={styles.picture} />
        <div className={styles.caption}>
          <Skeleton width="38%" height={16} />
          <Skeleton width="72%" height={20} />
          <Skeleton width="56%" height={14} />
        </div>
      </div>
      <div className={styles.rail}>
        <Skeleton width={52} height={52} round />
        {ACTIONS.map((name) => (
          <Skeleton key={name} width={50} height={50} round />
        ))}
      </div>
    </Loading>
  );
}
