import { useId } from "react";

/**
 * The Kinora was a viewer of 1896: photographs on a reel, flipped past the eye by hand. The mark is three of its
 * vertical frames in mid-flip, the front one lit.
 */
function Frames({ gradient }: { gradient: string }) {
  return (
    <>
      <rect
        x="15"
        y="7"
        width="18"
        height="31"
        rx="4.5"
        fill="#fff"
        opacity=".2"
        transform="rotate(-22 24 42)"
      />
      <rect
        x="15"
        y="7"
        width="18"
        height="31"
        rx="4.5"
        fill="#fff"
        opacity=".42"
        transform="rotate(-7 24 42)"
      />
      <g transform="rotate(9 24 42)">
        <rect x="15" y="7" width="18" height="31" rx="4.5" fill={`url(#${gradient})`} />
        <path
          fill="#1d090c"
          d="M21.2 18.4v8.6c0 1 1.1 1.6 1.9 1.1l6.9-4.3c.8-.5.8-1.7 0-2.2l-6.9-4.3c-.8-.5-1.9.1-1.9 1.1Z"
        />
      </g>
    </>
  );
}

function Lamp({ id }: { id: string }) {
  return (
    <linearGradient id={id} x1="14" y1="6" x2="36" y2="40" gradientUnits="userSpaceOnUse">
      <stop stopColor="#ffc46b" />
      <stop offset=".52" stopColor="#ff7a5c" />
      <stop offset="1" stopColor="#ff4f7b" />
    </linearGradient>
  );
}

export function LogoMark({ size = 36 }: { size?: number }) {
  const id = useId();
  return (
    <svg width={size} height={size} viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      <defs>
        <Lamp id={id} />
      </defs>
      <Frames gradient={id} />
    </svg>
  );
}

/** Mark and lettering. The letters are drawn, so that they look the same with every system font. */
export function Logo({ height = 36 }: { height?: number }) {
  const id = useId();
  return (
    <svg height={height} viewBox="0 0 166 48" role="img" aria-label="Kinora">
      <defs>
        <Lamp id={id} />
      </defs>
      <Frames gradient={id} />
      <g fill="none" stroke="currentColor" strokeWidth="4.6" strokeLinecap="round" strokeLinejoin="round">
        <path d="M56 10v27M69.5 19.5 57 29M62 25.2 70.5 37" />
        <path d="M80 20v17" />
        <path d="M90 37V20M90 27.5c0-4.8 3-7.7 6.8-7.7s6.2 2.6 6.2 6.9V37" />
        <circle cx="119.5" cy="28.4" r="8.6" />
        <path d="M137.5 37V20M137.5 28c0-5.4 2.8-8.2 7-8.2" />
        <circle cx="155" cy="28.4" r="8.3" />
        <path d="M163.3 20v17" />
      </g>
      <circle cx="80" cy="11.8" r="3" fill="#ff7a5c" />
    </svg>
  );
}
