import { useState } from "react";
import { asApiError } from "../../api/problem";
import type { Video } from "../../api/types";
import { deleteVideo } from "../../api/videos";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Menu } from "../../ui/Menu";
import { toast } from "../../ui/toast";
import { EditClipDialog } from "../upload/EditClipDialog";
import styles from "./ClipMenu.module.css";

/** What its owner can do with a clip. */
export function ClipMenu({ video, onGone }: { video: Video; onGone: () => void }) {
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const [busy, setBusy] = useState(false);

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await deleteVideo(video.video_id);
      toast("Clip deleted");
      setOpen(null);
      onGone();
    } catch (error) {
      toast(asApiError(error).message, "error");
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Menu
        side="above"
        trigger={(props) => (
          <IconButton
            {...props}
            className={styles.trigger}
            icon="more"
            label="More"
            data-testid="clip-menu"
          />
        )}
        items={[
          { label: "Edit details", icon: "edit", onSelect: () => setOpen("edit") },
          { label: "Delete clip", icon: "trash", onSelect: () => setOpen("delete"), danger: true },
        ]}
      />
      {open === "edit" && <EditClipDialog video={video} onClose={() => setOpen(null)} />}
      {open === "delete" && (
        <Dialog title="Delete this clip?" onClose={() => setOpen(null)}>
          <p className={styles.text}>
            “{video.title}” disappears for everybody, with its likes and comments.
          </p>
          <div className={styles.row}>
            <Button onClick={() => setOpen(null)}>Keep it</Button>
            <Button tone="danger" busy={busy} onClick={remove}>
              Delete
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
