import { useEffect, useRef } from "react";
import { formatBytes, formatDuration } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { Skeleton } from "../../ui/Skeleton";
import type { Probe } from "./probe";
import styles from "./UploadPage.module.css";

interface PreviewProps {
  url: string | null;
  probe: Probe | null;
  file: File;
  /** The chosen cover's place, or null: the server picks one. */
  coverMs: number | null;
  onCover: (ms: number | null) => void;
}

/** The clip as it is on this device; nothing has been sent yet. */
export function Preview({ url, probe, file, coverMs, onCover }: PreviewProps) {
  const video = useRef<HTMLVideoElement>(null);

  useEffect(() => {
    const element = video.current;
    if (!element || coverMs === null) return;
    element.pause();
    element.currentTime = coverMs / 1000;
  }, [coverMs]);

  return (
    <figure className={styles.preview}>
      <div className={styles.screen}>
        {!probe && <Skeleton className={styles.fill} />}
        {probe?.playable && url && (
          <video
            ref={video}
            src={url}
            className={styles.fill}
            autoPlay
            loop
            muted
            playsInline
            aria-label="Preview"
            data-testid="upload-preview"
          />
        )}
        {probe && !probe.playable && (
          <p className={styles.noPreview}>
            <Icon name="film" size={34} />
            This browser can't show this format. It can be uploaded all the same.
          </p>
        )}
      </div>
      <figcaption className={styles.facts}>
        <span className={styles.fileName}>{file.name}</span>
        <span>
          {probe?.playable && `${formatDuration(probe.durationSec)} · ${probe.width}×${probe.height} · `}
          {formatBytes(file.size)}
        </span>
      </figcaption>
      {probe?.playable && (
        <label className={styles.cover}>
          Cover picture
          <input
            type="range"
            min={0}
            max={Math.floor(probe.durationSec * 1000)}
            step={50}
            value={coverMs ?? 0}
            aria-valuetext={coverMs === null ? "chosen for you" : formatDuration(coverMs / 1000)}
            onChange={(event) => onCover(Number(event.target.value))}
          />
          <span>
            {coverMs === null
              ? "Chosen for you. Slide to pick a frame."
              : `At ${formatDuration(coverMs / 1000)}`}
          </span>
        </label>
      )}
    </figure>
  );
}
