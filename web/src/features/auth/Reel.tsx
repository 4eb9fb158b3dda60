import styles from "./Auth.module.css";

const FRAMES = 17;
const LIT = 9;
const STEP_DEG = 13.5;
const LIT_DEG = 14;
/** The lit frame stands out of the reel by this much. */
const PULL = 34;

/** The open reel of the entrance: vertical frames fanned out around a hub, one of them in the light. */
export function Reel() {
  // The nearer to the light, the later drawn: on both sides the frames open towards it.
  const order = Array.from({ length: FRAMES }, (_, index) => index - LIT).sort(
    (a, b) => Math.abs(b) - Math.abs(a),
  );
  return (
    <svg className={styles.reel} viewBox="0 0 600 600" aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="reel-lamp" x1="0" y1="0" x2="1" y2="1">
          <stop stopColor="#ffc46b" />
          <stop offset=".52" stopColor="#ff7a5c" />
          <stop offset="1" stopColor="#ff4f7b" />
        </linearGradient>
      </defs>
      {order.map((step) => {
        const lit = step === 0;
        const shade = Math.round(20 + 44 * Math.max(0, 1 - Math.abs(step) / 8) ** 2);
        return (
          <g key={step} transform={`rotate(${LIT_DEG + step * STEP_DEG} 300 330)`}>
            <rect
              x="246"
              y={lit ? 18 - PULL : 18}
              width="108"
              height="192"
              rx="18"
              fill={lit ? "url(#reel-lamp)" : `rgb(${shade + 4} ${shade} ${shade + 8})`}
              stroke="rgb(255 255 255 / 0.1)"
              strokeWidth="1.5"
            />
            {lit && (
              <path
                fill="#1d090c"
                transform={`translate(0 ${-PULL})`}
                d="M286 89v50c0 6 6.5 9.5 11.5 6.5l40-25c5-3 5-10 0-13l-40-25c-5-3-11.5.5-11.5 6.5Z"
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}
