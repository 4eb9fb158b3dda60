import { useCallback, useState } from "react";
import type { Video } from "../../api/types";
import { useVideo } from "../../api/videoCache";
import { getVideo } from "../../api/videos";
import { Glow } from "../../player/Glow";
import { type Heart, Hearts } from "../../player/Hearts";
import { Scrubber } from "../../player/Scrubber";
import { toggleSound } from "../../player/sound";
import type { Mode } from "../../player/source";
import { usePlayer } from "../../player/usePlayer";
import type { TapPoint } from "../../player/useTap";
import { useViewReports } from "../../player/useViewReports";
import { cx } from "../../ui/cx";
import { useHotkeys } from "../../ui/useHotkeys";
import { likeVideo } from "../social/actions";
import styles from "./Clip.module.css";
import { ClipCaption } from "./ClipCaption";
import { ClipControls } from "./ClipControls";
import { ClipRail } from "./ClipRail";
import { ClipSurface } from "./ClipSurface";

/** Up to this width/height a clip fills the stage; wider ones stand whole in front of their blurred picture. */
const FILLS = 0.66;

interface ClipProps {
  card: Video;
  mode: Mode;
  commentsOpen: boolean;
  onComments: () => void;
  /** The clip has been deleted or hidden by its owner here. */
  onGone: () => void;
}

export function Clip({ card, mode, commentsOpen, onComments, onGone }: ClipProps) {
  const video = useVideo(card);
  const active = mode === "active";
  const renew = useCallback(async () => (await getVideo(card.video_id)).urls.master, [card.video_id]);
  const player = usePlayer(card.urls.master, mode, renew);
  const [hearts, setHearts] = useState<readonly Heart[]>([]);
  const { liked } = video.user_interaction;
  useViewReports(player.ref, card.video_id, card.playback_token ?? null, active);

  function heartAt(at: TapPoint): void {
    setHearts((before) => [...before, { ...at, id: Date.now() }]);
    if (!liked) likeVideo(video, true);
  }
  useHotkeys({ m: toggleSound, l: () => likeVideo(video, !liked), " ": player.toggle }, active);

  const wide = video.width / video.height > FILLS;
  return (
    <article
      className={styles.clip}
      aria-label={`${video.title}, by ${video.user.display_name}`}
      data-testid={active ? "active-clip" : "warm-clip"}
      data-video-id={video.video_id}
    >
      {video.thumbnail_url && <Glow picture={video.thumbnail_url} />}
      <div className={styles.frame}>
        {wide && video.thumbnail_url && <Glow fill picture={video.thumbnail_url} />}
        <video
          ref={player.ref}
          className={cx(styles.video, wide && styles.wide)}
          poster={video.thumbnail_url ?? undefined}
          loop
          muted
          playsInline
          disablePictureInPicture
          tabIndex={-1}
          aria-label={video.title}
          data-testid={active ? "active-video" : "warm-video"}
        />
        <ClipSurface player={player} onDouble={heartAt} />
        <Hearts
          hearts={hearts}
          onDone={(id) => setHearts((all) => all.filter((heart) => heart.id !== id))}
        />
        <ClipControls player={player} />
        <ClipCaption video={video} />
        <Scrubber video={player.ref} active={active} />
      </div>
      <ClipRail video={video} commentsOpen={commentsOpen} onComments={onComments} onGone={onGone} />
    </article>
  );
}
