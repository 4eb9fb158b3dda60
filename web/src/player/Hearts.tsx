import { Icon } from "../ui/Icon";
import styles from "./Hearts.module.css";
import type { TapPoint } from "./useTap";

export interface Heart extends TapPoint {
  id: number;
}

/** The hearts that rise where a clip was double-tapped. */
export function Hearts({ hearts, onDone }: { hearts: readonly Heart[]; onDone: (id: number) => void }) {
  return (
    <div className={styles.layer} aria-hidden="true">
      {hearts.map(({ id, x, y }) => (
        <span
          key={id}
          className={styles.heart}
          style={{ left: x, top: y, rotate: `${((id * 37) % 40) - 20}deg` }}
          onAnimationEnd={() => onDone(id)}
        >
          <Icon name="heartFilled" size={104} />
        </span>
      ))}
    </div>
  );
}
