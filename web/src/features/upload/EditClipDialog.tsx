import { useState } from "react";
import type { Video } from "../../api/types";
import { editVideo } from "../../api/videos";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { toast } from "../../ui/toast";
import { useSubmit } from "../auth/useSubmit";
import { CoverField } from "./CoverField";
import { DetailsFields } from "./DetailsFields";
import { type Details, tagsOf, wireDetails } from "./details";
import styles from "./UploadPage.module.css";

function detailsOf(video: Video): Details {
  return {
    title: video.title,
    description: video.description,
    category: video.category,
    visibility: video.visibility,
    allowComments: video.allow_comments,
    allowDuet: video.allow_duet,
    allowStitch: video.allow_stitch,
  };
}

export function EditClipDialog({ video, onClose }: { video: Video; onClose: () => void }) {
  const [details, setDetails] = useState(() => detailsOf(video));
  const [cover, setCover] = useState<number | null>(null);
  const { onSubmit, busy, fields, message } = useSubmit(async () => {
    const inWords = tagsOf(detailsOf(video));
    const otherTags = video.hashtags.filter((tag) => !inWords.includes(tag));
    await editVideo(video.video_id, {
      ...wireDetails(details, otherTags),
      ...(cover === null ? {} : { thumbnail_index: cover }),
    });
    toast("Saved");
    onClose();
  });

  return (
    <Dialog title="Edit details" onClose={onClose}>
      <form className={styles.form} onSubmit={onSubmit} noValidate data-testid="edit-clip-form">
        <CoverField video={video} chosen={cover} onChoose={setCover} />
        <DetailsFields details={details} onChange={setDetails} errors={fields} />
        <p className={styles.error} role="alert">
          {message}
        </p>
        <Button type="submit" tone="accent" wide busy={busy} disabled={!details.title.trim()}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}
