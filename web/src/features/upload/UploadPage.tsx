import { useState } from "react";
import { useStore } from "../../api/store";
import { ButtonLink } from "../../ui/Button";
import { Empty } from "../../ui/States";
import { useTitle } from "../../ui/useTitle";
import { useSession } from "../auth/session";
import { ChosenFile } from "./ChosenFile";
import { DropZone, type Picked } from "./DropZone";
import { uploadJob } from "./job";
import { Unfinished } from "./Unfinished";
import styles from "./UploadPage.module.css";
import { UploadProgress } from "./UploadProgress";

/** `/upload`: choose, describe, send. */
export function UploadPage() {
  const session = useSession();
  const job = useStore(uploadJob);
  const [picked, setPicked] = useState<Picked | null>(null);
  useTitle("Upload");

  if (session.status !== "member") {
    return (
      <Empty
        icon="upload"
        title="Show what you made"
        action={
          <ButtonLink href="/signup" tone="accent">
            Join Kinora
          </ButtonLink>
        }
      >
        Join or log in to upload a clip.
      </Empty>
    );
  }
  const busy = job.phase !== "none" && job.phase !== "starting";
  return (
    <div className={styles.page}>
      <h1 className={styles.heading}>{busy ? "Your upload" : "Upload a clip"}</h1>
      {busy ? (
        <UploadProgress job={job} onAnother={() => setPicked(null)} />
      ) : picked ? (
        <ChosenFile
          key={picked.file.name + picked.file.lastModified}
          picked={picked}
          onBack={() => setPicked(null)}
        />
      ) : (
        <>
          <DropZone onPicked={setPicked} />
          <Unfinished userId={session.me.user_id} />
        </>
      )}
    </div>
  );
}
