import { takeUnlockingTap } from "../../player/sound";
import type { Player } from "../../player/usePlayer";
import { type TapPoint, useTap } from "../../player/useTap";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Spinner";
import styles from "./Clip.module.css";

/** The picture as a touch surface: tap to pause, double tap to like. Keys and buttons do the same. */
export function ClipSurface({ player, onDouble }: { player: Player; onDouble: (at: TapPoint) => void }) {
  const onTap = useTap(() => {
    if (!takeUnlockingTap()) player.toggle();
  }, onDouble);

  if (player.failed) {
    return (
      <div className={styles.broken} role="alert">
        <Icon name="alert" size={34} />
        <p>This clip can't be played right now.</p>
        <Button size="s" icon="retry" onClick={player.retry}>
          Try again
        </Button>
      </div>
    );
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Space and L do this for the keyboard, the buttons for the rest
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div className={styles.surface} onClick={onTap} data-testid="clip-surface">
      {player.paused && (
        <span className={styles.bigPlay}>
          <Icon name="play" size={44} />
        </span>
      )}
      {player.waiting && (
        <span className={styles.waiting}>
          <Spinner size={44} />
        </span>
      )}
    </div>
  );
}
