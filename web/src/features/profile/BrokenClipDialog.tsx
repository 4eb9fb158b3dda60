import { useCallback, useState } from "react";
import { asApiError } from "../../api/problem";
import type { Video } from "../../api/types";
import { useLoad } from "../../api/useLoad";
import { deleteVideo, getStatus, getVideo, retryProcessing } from "../../api/videos";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Loading, Skeleton } from "../../ui/Skeleton";
import { Failed } from "../../ui/States";
import { toast } from "../../ui/toast";
import styles from "./ProfilePage.module.css";

interface BrokenProps {
  video: Video;
  onClose: () => void;
  onGone: () => void;
}

/** Why a clip failed, and what can be done about it. */
export function BrokenClipDialog({ video, onClose, onGone }: BrokenProps) {
  const { video_id } = video;
  const load = useCallback((signal: AbortSignal) => getStatus(video_id, signal), [video_id]);
  const { state, retry } = useLoad(load);
  const [busy, setBusy] = useState(false);

  async function act(work: () => Promise<unknown>, done: string): Promise<void> {
    setBusy(true);
    try {
      await work();
      toast(done);
      onClose();
    } catch (error) {
      toast(asApiError(error).message, "error");
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog title={`“${video.title}” failed`} onClose={onClose}>
      {state.status === "loading" && (
        <Loading label="Loading the reason">
          <Skeleton height={48} />
        </Loading>
      )}
      {state.status === "failed" && <Failed error={state.error} onRetry={retry} />}
      {state.status === "ready" && (
        <p className={styles.reason}>{state.value.failure?.detail ?? "The clip could not be prepared."}</p>
      )}
      <div className={styles.actions}>
        <Button
          tone="accent"
          icon="retry"
          busy={busy}
          onClick={() =>
            act(async () => {
              await retryProcessing(video_id);
              await getVideo(video_id);
            }, "Trying again")
          }
        >
          Try again
        </Button>
        <Button
          tone="danger"
          busy={busy}
          onClick={() =>
            act(async () => {
              await deleteVideo(video_id);
              onGone();
            }, "Clip deleted")
          }
        >
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
