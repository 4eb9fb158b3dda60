import styles from "./Settings.module.css";

const KEYS: readonly (readonly [keys: readonly string[], words: string])[] = [
  [["↓", "J"], "Next clip"],
  [["↑", "K"], "Previous clip"],
  [["Space"], "Pause and play"],
  [["M"], "Sound on and off"],
  [["L"], "Like"],
  [["C"], "Comments"],
  [["Esc"], "Close"],
];

export function Shortcuts() {
  return (
    <section className={styles.card}>
      <h2>Keyboard</h2>
      <dl className={styles.keys}>
        {KEYS.map(([keys, words]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
