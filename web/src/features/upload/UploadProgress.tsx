import { asApiError } from "../../api/problem";
import { Button, ButtonLink } from "../../ui/Button";
import { formatTimeLeft } from "../../ui/format";
import { Icon, type IconName } from "../../ui/Icon";
import { ProgressBar } from "../../ui/ProgressBar";
import { toast } from "../../ui/toast";
import type { UploadJob } from "./job";
import styles from "./UploadPage.module.css";
import { cancelUpload, dismissUpload } from "./uploader";

/** Where the upload is: sending, being prepared, ready to watch, or stopped. */
export function UploadProgress({ job, onAnother }: { job: UploadJob; onAnother: () => void }) {
  if (job.phase === "none" || job.phase === "starting") return null;

  function another(): void {
    dismissUpload();
    onAnother();
  }

  return (
    <section
      className={styles.progress}
      aria-label="Upload"
      data-testid="upload-progress"
      data-phase={job.phase}
    >
      <span className={styles.dropIcon}>
        <Icon name={ICONS[job.phase]} size={36} />
      </span>
      <h2>{headline(job)}</h2>
      <p className={styles.dim}>“{job.title}”</p>
      {(job.phase === "sending" || job.phase === "processing") && (
        <>
          <ProgressBar
            label={headline(job)}
            value={job.phase === "processing" && job.review ? null : job.share}
          />
          <p className={styles.numbers}>
            <span>{Math.round(job.share * 100)} %</span>
            <span>{formatTimeLeft(job.secondsLeft)}</span>
          </p>
          <p className={styles.dim}>
            {job.phase === "sending"
              ? "You can look around meanwhile. If this page closes, the upload can be resumed."
              : "You can close this page; the work goes on without it."}
          </p>
        </>
      )}
      {job.phase === "failed" && <p role="alert">{job.reason}</p>}
      <div className={styles.actions}>
        {job.phase === "sending" && <Button onClick={cancel}>Cancel upload</Button>}
        {job.phase === "failed" && job.again && (
          <Button tone="accent" icon="retry" onClick={job.again}>
            Try again
          </Button>
        )}
        {job.phase === "done" && (
          <ButtonLink href={`/v/${job.videoId}`} tone="accent" icon="play">
            Watch it
          </ButtonLink>
        )}
        {(job.phase === "done" || job.phase === "failed") && (
          <Button onClick={another}>Upload another</Button>
        )}
      </div>
    </section>
  );
}

const ICONS: Record<Exclude<UploadJob["phase"], "none" | "starting">, IconName> = {
  sending: "upload",
  processing: "film",
  done: "check",
  failed: "alert",
};

function headline(job: UploadJob): string {
  switch (job.phase) {
    case "sending":
      return "Uploading";
    case "processing":
      return job.review ? "A last look before it goes out" : "Preparing your clip";
    case "done":
      return "It's out!";
    case "failed":
      return "That didn't work";
    default:
      return "";
  }
}

async function cancel(): Promise<void> {
  try {
    await cancelUpload();
    toast("Upload cancelled");
  } catch (error) {
    toast(asApiError(error).message, "error");
  }
}
