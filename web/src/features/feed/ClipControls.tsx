import { toggleSound, useSound } from "../../player/sound";
import type { Player } from "../../player/usePlayer";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import styles from "./Clip.module.css";

/** Pause and sound, in the upper corner of the picture. */
export function ClipControls({ player }: { player: Player }) {
  const { wanted, unlocked } = useSound();
  const muted = !(wanted && unlocked);

  return (
    <div className={styles.controls}>
      <IconButton
        onDark
        className={styles.playButton}
        icon={player.paused ? "play" : "pause"}
        label={player.paused ? "Play" : "Pause"}
        onClick={player.toggle}
        data-testid="play-button"
      />
      {wanted && !unlocked ? (
        <button
          type="button"
          className={styles.soundHint}
          onClick={toggleSound}
          data-sound-toggle
          data-testid="sound-button"
        >
          <Icon name="soundOff" size={20} />
          Tap for sound
        </button>
      ) : (
        <IconButton
          onDark
          icon={muted ? "soundOff" : "soundOn"}
          label={muted ? "Turn sound on" : "Mute"}
          onClick={toggleSound}
          data-sound-toggle
          data-testid="sound-button"
        />
      )}
    </div>
  );
}
