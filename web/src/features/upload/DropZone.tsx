import { type DragEvent, useRef, useState } from "react";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { Icon } from "../../ui/Icon";
import { useIsPhone } from "../../ui/useMedia";
import { ACCEPT, refusal } from "./file";
import styles from "./UploadPage.module.css";

export interface Picked {
  file: File;
  handle: FileSystemFileHandle | null;
}

/** Drop a file or pick one. */
export function DropZone({ onPicked }: { onPicked: (picked: Picked) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const isPhone = useIsPhone();
  const [over, setOver] = useState(false);
  const [error, setError] = useState<string | null>(null);

  function take(file: File | undefined, handle: FileSystemFileHandle | null): void {
    if (!file) return;
    const reason = refusal(file);
    setError(reason);
    if (!reason) onPicked({ file, handle });
  }

  async function onDrop(event: DragEvent): Promise<void> {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    take(file, await handleOf(event.dataTransfer.items[0]));
  }

  return (
    <section
      className={cx(styles.drop, over && styles.over)}
      aria-label="Choose a video"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      data-testid="drop-zone"
    >
      <span className={styles.dropIcon}>
        <Icon name="upload" size={36} />
      </span>
      <h2>{over ? "Let go to choose it" : isPhone ? "Pick a video" : "Drop a video here"}</h2>
      <p className={styles.dim}>MP4, MOV or AVI, up to 500 MB. Upright looks best.</p>
      <Button tone="accent" onClick={() => input.current?.click()}>
        Choose a file
      </Button>
      <input
        ref={input}
        className="sr-only"
        type="file"
        accept={ACCEPT}
        tabIndex={-1}
        aria-label="Video file"
        onChange={(event) => {
          take(event.target.files?.[0], null);
          event.target.value = "";
        }}
        data-testid="file-input"
      />
      <p className={styles.error} role="alert">
        {error}
      </p>
    </section>
  );
}

/** Chromium gives out a lasting handle with a drop; elsewhere there is none. */
async function handleOf(item: DataTransferItem | undefined): Promise<FileSystemFileHandle | null> {
  const handle = await item?.getAsFileSystemHandle?.();
  return handle?.kind === "file" ? (handle as FileSystemFileHandle) : null;
}
