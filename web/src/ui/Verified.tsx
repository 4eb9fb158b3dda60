/** The tick beside a verified name. */
export function Verified() {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      role="img"
      aria-label="Verified"
      style={{ flex: "none" }}
    >
      <path
        fill="#ffc46b"
        d="m8 .8 1.9 1.5 2.4-.2.6 2.3 2 1.3-.9 2.3.9 2.2-2 1.3-.6 2.3-2.4-.2L8 15.2l-1.9-1.6-2.4.2-.6-2.3-2-1.3.9-2.2-.9-2.3 2-1.3.6-2.3 2.4.2Z"
      />
      <path
        fill="none"
        stroke="#1d090c"
        strokeWidth="1.7"
        strokeLinecap="round"
        d="m5.3 8.1 1.9 1.9 3.5-3.8"
      />
    </svg>
  );
}
