import { useCallback, useState } from "react";
import type { Video } from "../../api/types";
import { useLoad } from "../../api/useLoad";
import { Loading, Skeleton } from "../../ui/Skeleton";
import { Failed } from "../../ui/States";
import { type Covers, coversOf, withCovers } from "./covers";
import styles from "./UploadPage.module.css";

interface CoverProps {
  video: Video;
  /** Null until another than the present one is chosen. */
  chosen: number | null;
  onChoose: (index: number) => void;
}

/** The choice of a clip's cover, of which a card from a list knows nothing yet; nothing where there are no pictures. */
export function CoverField({ video, chosen, onChoose }: CoverProps) {
  const [opened] = useState(video);
  const load = useCallback((signal: AbortSignal) => withCovers(opened, signal), [opened]);
  const { state, retry } = useLoad(load);
  const covers = coversOf(state.status === "ready" ? state.value : opened);

  if (covers) return <Pictures covers={covers} chosen={chosen} onChoose={onChoose} />;
  if (state.status === "failed") return <Failed error={state.error} onRetry={retry} />;
  return (
    <Loading label="Loading the cover pictures">
      <Skeleton height={160} />
    </Loading>
  );
}

function Pictures({ covers, chosen, onChoose }: Omit<CoverProps, "video"> & { covers: Covers }) {
  const { pictures, current } = covers;
  if (pictures.length === 0) return null;
  return (
    <fieldset className={styles.covers}>
      <legend>Cover picture</legend>
      {pictures.map((url, index) => (
        <label key={url}>
          <input
            type="radio"
            name="cover"
            checked={index === (chosen ?? current)}
            onChange={() => onChoose(index)}
            aria-label={`Picture ${index + 1} of ${pictures.length}`}
          />
          <img src={url} alt="" />
        </label>
      ))}
    </fieldset>
  );
}
