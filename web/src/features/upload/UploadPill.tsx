import { Link } from "wouter";
import { useStore } from "../../api/store";
import { ProgressBar } from "../../ui/ProgressBar";
import { uploadJob } from "./job";
import styles from "./UploadPill.module.css";

/** A small reminder of the upload under way, on every screen but its own. */
export function UploadPill() {
  const job = useStore(uploadJob);
  if (job.phase === "none" || job.phase === "starting") return null;
  const moving = job.phase === "sending" || job.phase === "processing";
  const words = {
    sending: "Uploading",
    processing: "Preparing",
    done: "Ready to watch",
    failed: "Upload stopped",
  };
  return (
    <Link
      href={job.phase === "done" ? `/v/${job.videoId}` : "/upload"}
      className={styles.pill}
      data-testid="upload-pill"
    >
      <span className={styles.words}>
        {words[job.phase]}
        {moving && <span className={styles.percent}>{Math.round(job.share * 100)} %</span>}
      </span>
      {moving && <ProgressBar label={words[job.phase]} value={job.share} />}
    </Link>
  );
}
