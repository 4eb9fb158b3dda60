import styles from "./Auth.module.css";

const FRAMES = 13;

/** The open reel of the entrance: vertical frames fanned out around a hub, brighter towards the light. */
export function Reel() {
  return (
    <svg className={styles.reel} viewBox="0 0 600 600" aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="reel-lamp" x1="0" y1="0" x2="1" y2="1">
          <stop stopColor="#ffc46b" />
          <stop offset=".52" stopColor="#ff7a5c" />
          <stop offset="1" stopColor="#ff4f7b" />
        </linearGradient>
      </defs>
      {Array.from({ length: FRAMES }, (_, index) => {
        const angle = -118 + index * 13.5;
        const lit = index / (FRAMES - 1);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a fixed drawing
            key={index}
            x="252"
            y="40"
            width="96"
            height="172"
            rx="16"
            fill={index === FRAMES - 3 ? "url(#reel-lamp)" : "#fff"}
            opacity={index === FRAMES - 3 ? 1 : 0.03 + lit * lit * 0.16}
            transform={`rotate(${angle} 300 320)`}
          />
        );
      })}
    </svg>
  );
}
