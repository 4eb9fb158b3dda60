import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, asApiError } from "../../api/problem";
import { getUpload } from "../../api/videos";
import { Button } from "../../ui/Button";
import { formatBytes } from "../../ui/format";
import { fingerprint } from "./checksum";
import { ACCEPT } from "./file";
import { dropRecord, listRecords, type UploadRecord } from "./records";
import styles from "./UploadPage.module.css";
import { discardUpload, resumeUpload } from "./uploader";

/** Uploads that an earlier visit left behind, as far as the server still waits for them. */
export function Unfinished({ userId }: { userId: string }) {
  const [records, setRecords] = useState<readonly UploadRecord[]>([]);
  const [error, setError] = useState<string | null>(null);
  const refresh = useCallback(() => {
    stillOpen(userId).then(setRecords, (reason: unknown) => setError(asApiError(reason).message));
  }, [userId]);
  useEffect(refresh, [refresh]);

  if (error) return <p className={styles.error}>{error}</p>;
  if (records.length === 0) return null;
  return (
    <section className={styles.unfinished} aria-label="Unfinished uploads" data-testid="unfinished">
      <h2>Unfinished uploads</h2>
      <ul>
        {records.map((record) => (
          <Entry key={record.videoId} record={record} onGone={refresh} />
        ))}
      </ul>
    </section>
  );
}

async function stillOpen(userId: string): Promise<UploadRecord[]> {
  const records = await listRecords(userId);
  const open = await Promise.all(
    records.map(async (record) => {
      try {
        if ((await getUpload(record.videoId)).status === "uploading") return record;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) return record;
      }
      await dropRecord(record.videoId);
      return null;
    }),
  );
  return open.filter((record) => record !== null);
}

function Entry({ record, onGone }: { record: UploadRecord; onGone: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [note, setNote] = useState<string | null>(null);

  async function resume(): Promise<void> {
    const { parts } = await getUpload(record.videoId);
    if (parts.length > 0 && parts.every((part) => part.etag)) return resumeUpload(record, null);
    const file = record.handle && (await reopened(record.handle));
    if (file) return use(file);
    setNote(`Choose “${record.fileName}” once more, and it goes on where it stopped.`);
    input.current?.click();
  }

  async function use(file: File): Promise<void> {
    if ((await fingerprint(file)) === record.fingerprint) resumeUpload(record, file);
    else setNote(`That is another file. Choose “${record.fileName}” (${formatBytes(record.sizeBytes)}).`);
  }

  const attempt = (work: Promise<void>) =>
    work.catch((error: unknown) => setNote(asApiError(error).message));
  return (
    <li className={styles.entry}>
      <div>
        <p className={styles.entryTitle}>{record.title}</p>
        <p className={styles.dim}>
          {record.fileName} · {formatBytes(record.sizeBytes)}
        </p>
      </div>
      <div className={styles.actions}>
        <Button size="s" onClick={() => void attempt(discardUpload(record.videoId).then(onGone))}>
          Discard
        </Button>
        <Button size="s" tone="accent" onClick={() => void attempt(resume())} data-testid="resume-button">
          Resume
        </Button>
      </div>
      <p className={styles.note} role="status">
        {note}
      </p>
      <input
        ref={input}
        className="sr-only"
        type="file"
        accept={ACCEPT}
        tabIndex={-1}
        aria-label={`Choose ${record.fileName} again`}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) void attempt(use(file));
        }}
        data-testid="resume-input"
      />
    </li>
  );
}

/** The file behind a kept handle, if the person still allows it and it is still there. */
async function reopened(handle: FileSystemFileHandle): Promise<File | null> {
  if ((await handle.requestPermission?.({ mode: "read" })) !== "granted") return null;
  return handle.getFile().catch(() => null);
}
