import styles from "./ClipCaption.module.css";

const TAG = /(#[\p{L}\p{N}][\p{L}\p{N}\p{M}_]*)/u;

/** Plain text with its hashtags set off. */
export function RichText({ text }: { text: string }) {
  return text.split(TAG).map((piece, index) =>
    piece.startsWith("#") ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places
      <strong key={index} className={styles.tag}>
        {piece}
      </strong>
    ) : (
      piece
    ),
  );
}
