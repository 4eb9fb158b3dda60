import { useEffect, useState } from "react";
import { Link } from "wouter";
import type { PagedStore } from "../../api/pagedStore";
import type { Video } from "../../api/types";
import { useVideo } from "../../api/videoCache";
import { getVideo } from "../../api/videos";
import { formatCount } from "../../ui/format";
import { Icon } from "../../ui/Icon";
import { ProgressBar } from "../../ui/ProgressBar";
import { openFrom } from "../feed/opened";
import { followProcessing } from "../upload/processing";
import { BrokenClipDialog } from "./BrokenClipDialog";
import styles from "./ClipGrid.module.css";

interface TileProps {
  card: Video;
  own: boolean;
  store: PagedStore<Video>;
}

/** A clip in a grid. One's own may still be on the way, or have failed. */
export function ClipTile({ card, own, store }: TileProps) {
  const video = useVideo(card);
  if (own && video.status === "failed") return <BrokenTile video={video} store={store} />;
  if (own && video.status !== "active") return <ComingTile video={video} />;
  const limited = own && { public: null, friends: "Friends", private: "Private" }[video.visibility];
  return (
    <Link
      href={`/v/${video.video_id}`}
      className={styles.tile}
      onClick={() => openFrom(store)}
      data-testid="clip-tile"
    >
      <span className="sr-only">{video.title},</span>
      {video.thumbnail_url && <img src={video.thumbnail_url} alt="" loading="lazy" draggable={false} />}
      <span className={styles.views}>
        <Icon name="play" size={14} />
        {formatCount(video.stats.views)} <span className="sr-only">views</span>
      </span>
      {limited && (
        <span className={styles.badge}>
          <Icon name={video.visibility === "private" ? "lock" : "people"} size={14} />
          {limited}
        </span>
      )}
    </Link>
  );
}

/** Follows the processing until the clip can be watched. */
function ComingTile({ video }: { video: Video }) {
  const { video_id, status } = video;
  const [progress, setProgress] = useState<number | null>(null);

  useEffect(() => {
    if (status !== "processing") return;
    const abort = new AbortController();
    followProcessing(video_id, (state) => setProgress(state.progress), abort.signal)
      // The fresh card replaces this one on every screen that shows it.
      .then(() => getVideo(video_id, abort.signal))
      .catch((error: unknown) => {
        if (!abort.signal.aborted) console.warn("The processing could not be followed:", error);
      });
    return () => abort.abort();
  }, [video_id, status]);

  return (
    <div className={styles.tile} data-testid="clip-tile" data-status={status}>
      <div className={styles.coming}>
        <Icon name={status === "processing" ? "film" : "upload"} size={28} />
        <span>{status === "processing" ? "Preparing" : "Not uploaded yet"}</span>
        {status === "processing" && (
          <ProgressBar label="Preparing" value={progress === null ? null : progress / 100} />
        )}
      </div>
    </div>
  );
}

function BrokenTile({ video, store }: { video: Video; store: PagedStore<Video> }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={styles.tile}
        onClick={() => setOpen(true)}
        data-testid="clip-tile"
        data-status="failed"
      >
        <span className={styles.broken}>
          <Icon name="alert" size={28} />
          <span>Failed</span>
          <span className={styles.why}>See why</span>
        </span>
      </button>
      {open && (
        <BrokenClipDialog
          video={video}
          onClose={() => setOpen(false)}
          onGone={() => store.remove(video.video_id)}
        />
      )}
    </>
  );
}
