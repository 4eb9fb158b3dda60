import { useRef, useState } from "react";
import { asApiError } from "../../api/problem";
import type { Video } from "../../api/types";
import { getDownload } from "../../api/videos";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { toast } from "../../ui/toast";
import styles from "./ShareDialog.module.css";
import { countShare, linkTo } from "./share";

/** The clip's link to copy, and the clip itself to keep. */
export function ShareDialog({ video, onClose }: { video: Video; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [fetching, setFetching] = useState(false);
  const link = linkTo(video);

  async function copy(): Promise<void> {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      // No clipboard without a secure context or permission: the link is selected, ready for the keyboard.
      toast("Press Ctrl+C to copy the link");
      return;
    }
    toast("Link copied");
    countShare(video, "link");
    onClose();
  }

  async function download(): Promise<void> {
    setFetching(true);
    try {
      const { download_url } = await getDownload(video.video_id);
      const anchor = document.createElement("a");
      anchor.href = download_url;
      anchor.download = `${video.user.username}-${video.video_id}.mp4`;
      anchor.click();
    } catch (error) {
      toast(asApiError(error).message, "error");
    } finally {
      setFetching(false);
    }
  }

  return (
    <Dialog title="Share this clip" onClose={onClose}>
      <div className={styles.row}>
        <input
          ref={field}
          className={styles.link}
          aria-label="Link to this clip"
          readOnly
          value={link}
          onFocus={(event) => event.target.select()}
        />
        <Button tone="accent" icon="link" onClick={copy}>
          Copy link
        </Button>
      </div>
      <Button tone="ghost" wide busy={fetching} onClick={download}>
        Download the clip
      </Button>
    </Dialog>
  );
}
