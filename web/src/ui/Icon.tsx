import type { ReactNode } from "react";

/** Own set on a 24-unit grid: 1.9-unit strokes with round ends; "filled" names carry their fill. */
const shapes = {
  home: <path d="M4 10.6 12 4l8 6.6V19a1.4 1.4 0 0 1-1.4 1.4h-4V15h-5.2v5.4h-4A1.4 1.4 0 0 1 4 19Z" />,
  flame: (
    <path d="M12 3c.6 3.2 5.8 5.2 5.8 10.3A5.8 5.8 0 0 1 12 19.2a5.8 5.8 0 0 1-5.8-5.9c0-2 .9-3.4 2-4.6.3 1.6 1 2.5 2 2.9C9.9 8.4 10.5 5.3 12 3Z" />
  ),
  people: (
    <>
      <circle cx="9" cy="8" r="3.4" />
      <path d="M2.8 19.4c.5-3.5 3-5.3 6.2-5.3s5.7 1.8 6.2 5.3" />
      <path d="M15.8 4.9a3.4 3.4 0 0 1 0 6.3M18 14.7c1.8.8 2.9 2.3 3.2 4.7" />
    </>
  ),
  person: (
    <>
      <circle cx="12" cy="8" r="3.8" />
      <path d="M4.8 20c.6-3.9 3.4-6 7.2-6s6.6 2.1 7.2 6" />
    </>
  ),
  plus: <path d="M12 5v14M5 12h14" />,
  heart: (
    <path d="M12 20.2S3.5 15.3 3.5 9.4A4.7 4.7 0 0 1 12 6.7a4.7 4.7 0 0 1 8.5 2.7c0 5.9-8.5 10.8-8.5 10.8Z" />
  ),
  heartFilled: (
    <path
      fill="currentColor"
      d="M12 20.2S3.5 15.3 3.5 9.4A4.7 4.7 0 0 1 12 6.7a4.7 4.7 0 0 1 8.5 2.7c0 5.9-8.5 10.8-8.5 10.8Z"
    />
  ),
  comment: (
    <path d="M12 4.2c5 0 8.7 3.2 8.7 7.3s-3.7 7.3-8.7 7.3c-.9 0-1.8-.1-2.6-.3L4.8 20.2l1.2-3.3a6.8 6.8 0 0 1-2.7-5.4c0-4.1 3.7-7.3 8.7-7.3Z" />
  ),
  bookmark: <path d="M6.5 4.5h11v15.2L12 15.9l-5.5 3.8Z" />,
  bookmarkFilled: <path fill="currentColor" d="M6.5 4.5h11v15.2L12 15.9l-5.5 3.8Z" />,
  share: <path d="M13.5 5.2 20.5 11.5l-7 6.3v-3.9c-5-.2-8 1.3-10 4.9.3-5.7 3.6-9.3 10-9.8Z" />,
  soundOn: (
    <path d="M4 9.7v4.6h3.3L12 18.2V5.8L7.3 9.7ZM15.5 9.3a4 4 0 0 1 0 5.4M18 6.8a7.4 7.4 0 0 1 0 10.4" />
  ),
  soundOff: <path d="M4 9.7v4.6h3.3L12 18.2V5.8L7.3 9.7ZM16 9.8l4.5 4.5M20.5 9.8 16 14.3" />,
  play: (
    <path
      fill="currentColor"
      d="M8 5.6v12.8c0 .8.9 1.3 1.6.9l10-6.4a1.1 1.1 0 0 0 0-1.8l-10-6.4A1.1 1.1 0 0 0 8 5.6Z"
    />
  ),
  pause: <path fill="currentColor" d="M7 5.5h3v13H7zM14 5.5h3v13h-3z" />,
  up: <path d="m6 14.5 6-6 6 6" />,
  down: <path d="m6 9.5 6 6 6-6" />,
  back: <path d="M14.5 5.5 8 12l6.5 6.5" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  more: (
    <>
      <circle cx="5.5" cy="12" r="1.5" fill="currentColor" stroke="none" />
      <circle cx="12" cy="12" r="1.5" fill="currentColor" stroke="none" />
      <circle cx="18.5" cy="12" r="1.5" fill="currentColor" stroke="none" />
    </>
  ),
  settings: (
    <>
      <path d="M4 7.5h9M18 7.5h2M4 16.5h2M11 16.5h9" />
      <circle cx="15.5" cy="7.5" r="2.3" />
      <circle cx="8.5" cy="16.5" r="2.3" />
    </>
  ),
  upload: (
    <path d="M12 15.5V4.8M7.8 9 12 4.8 16.2 9M4.5 15.5V18A1.7 1.7 0 0 0 6.2 19.7h11.6a1.7 1.7 0 0 0 1.7-1.7v-2.5" />
  ),
  check: <path d="m5.5 12.5 4.3 4.3L18.5 8" />,
  alert: <path d="M12 8v5M12 16.3v.1M12 3.5l9 16H3Z" />,
  lock: <path d="M6.5 10.8h11v8.7h-11ZM8.8 10.8V8a3.2 3.2 0 0 1 6.4 0v2.8" />,
  globe: (
    <>
      <circle cx="12" cy="12" r="8.2" />
      <path d="M3.8 12h16.4M12 3.8c2.6 2.4 3.6 5.1 3.6 8.2s-1 5.8-3.6 8.2c-2.6-2.4-3.6-5.1-3.6-8.2s1-5.8 3.6-8.2Z" />
    </>
  ),
  trash: <path d="M5 7h14M9.5 7V4.8h5V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5" />,
  edit: <path d="M4.5 19.5 5.6 15 15.8 4.8l3.4 3.4L9 18.4ZM13.5 7.1l3.4 3.4" />,
  link: (
    <path d="M10.2 13.8a3.6 3.6 0 0 0 5.1 0l3.3-3.3a3.6 3.6 0 0 0-5.1-5.1l-1.2 1.2M13.8 10.2a3.6 3.6 0 0 0-5.1 0l-3.3 3.3a3.6 3.6 0 0 0 5.1 5.1l1.2-1.2" />
  ),
  camera: (
    <>
      <path d="M4 8.2h3.5L9 5.8h6l1.5 2.4H20v10.6H4Z" />
      <circle cx="12" cy="13.2" r="3.2" />
    </>
  ),
  music: (
    <path d="M9.5 17.5V6l9-1.8v11.3M9.5 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0ZM18.5 15.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z" />
  ),
  clock: (
    <>
      <circle cx="12" cy="12" r="8.2" />
      <path d="M12 7.5V12l3 2.2" />
    </>
  ),
  grid: <path d="M5 4.5h5v15H5ZM14 4.5h5v15h-5Z" />,
  exit: <path d="M13.5 4.5H6v15h7.5M10.5 12h10M17 8.5l3.5 3.5-3.5 3.5" />,
  eyeOff: (
    <path d="M4 4.5 20 19.5M9.8 10a3 3 0 0 0 4.2 4.2M6.7 7.3C4.9 8.5 3.7 10.2 3 12c1.5 3.6 4.8 6 9 6 1.6 0 3-.3 4.3-1M10.2 6.2C10.8 6.1 11.4 6 12 6c4.2 0 7.5 2.4 9 6-.5 1.1-1.1 2.1-1.9 3" />
  ),
  device: <path d="M4.5 5h15v10.5h-15ZM9 19.5h6M12 15.5v4" />,
  retry: (
    <path d="M5 12a7 7 0 0 1 12.3-4.6L19.5 9.5M19.5 4.8v4.7h-4.7M19 12a7 7 0 0 1-12.3 4.6L4.5 14.5M4.5 19.2v-4.7h4.7" />
  ),
  film: <path d="M4.5 5h15v14h-15ZM8.5 5v14M15.5 5v14M4.5 9.7h4M4.5 14.3h4M15.5 9.7h4M15.5 14.3h4" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

/** Always decorative: the control around it carries the name. */
export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.9}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {shapes[name]}
    </svg>
  );
}
