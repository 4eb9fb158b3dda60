import { type FormEvent, useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "../../api/problem";
import { Button } from "../../ui/Button";
import { DetailsFields } from "./DetailsFields";
import type { Picked } from "./DropZone";
import { type Details, NEW_DETAILS } from "./details";
import { titleFrom } from "./file";
import { Preview } from "./Preview";
import { type Probe, probeFile } from "./probe";
import styles from "./UploadPage.module.css";
import { beginUpload } from "./uploader";

/** The chosen file beside the form that describes it. */
export function ChosenFile({ picked, onBack }: { picked: Picked; onBack: () => void }) {
  const { file, handle } = picked;
  const { url, probe } = useLocalFile(file);
  const [details, setDetails] = useState<Details>({ ...NEW_DETAILS, title: titleFrom(file.name) });
  const [coverMs, setCoverMs] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const form = useRef<HTMLFormElement>(null);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!probe || busy) return;
    setBusy(true);
    setError(null);
    try {
      await beginUpload({ file, handle, probe, thumbnailAtMs: coverMs }, details);
    } catch (caught) {
      setError(asApiError(caught));
      form.current?.querySelector("input")?.focus();
      setBusy(false);
    }
  }

  const unplaced =
    error && !Object.keys(error.fields).some((name) => ["title", "description", "hashtags"].includes(name));
  return (
    <div className={styles.chosen}>
      <Preview url={url} probe={probe} file={file} coverMs={coverMs} onCover={setCoverMs} />
      <form ref={form} className={styles.form} onSubmit={submit} noValidate data-testid="upload-form">
        <DetailsFields details={details} onChange={setDetails} errors={error?.fields ?? {}} />
        <p className={styles.error} role="alert">
          {unplaced ? [error.message, ...Object.values(error.fields)].join(" ") : ""}
        </p>
        <div className={styles.actions}>
          <Button onClick={onBack} disabled={busy}>
            Choose another
          </Button>
          <Button
            type="submit"
            tone="accent"
            busy={busy || !probe}
            disabled={!details.title.trim()}
            data-testid="upload-submit"
          >
            Post
          </Button>
        </div>
      </form>
    </div>
  );
}

/** An address for the file inside this page, and what the browser reads from it. */
function useLocalFile(file: File): { url: string | null; probe: Probe | null } {
  const [state, setState] = useState<{ url: string | null; probe: Probe | null }>({
    url: null,
    probe: null,
  });
  useEffect(() => {
    let gone = false;
    const url = URL.createObjectURL(file);
    setState({ url, probe: null });
    void probeFile(url).then((probe) => !gone && setState({ url, probe }));
    return () => {
      gone = true;
      URL.revokeObjectURL(url);
    };
  }, [file]);
  return state;
}
