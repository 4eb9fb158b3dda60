import { Loading, Skeleton } from "../../ui/Skeleton";
import { GridSkeleton } from "./ClipGrid";
import styles from "./ProfilePage.module.css";

export function ProfileSkeleton() {
  return (
    <>
      <Loading label="Loading the profile" className={styles.header}>
        <span className={styles.ring}>
          <Skeleton width={112} height={112} round />
        </span>
        <div className={styles.who}>
          <Skeleton width={190} height={30} />
          <Skeleton width={120} height={18} />
          <Skeleton width={230} height={22} />
        </div>
      </Loading>
      <GridSkeleton count={9} />
    </>
  );
}
