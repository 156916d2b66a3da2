/** The logo. */
export function Mark() {
  return (
    <svg
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.4"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M16 3.5 26.2 8.4l2.5 11-7 8.8H10.3l-7-8.8 2.5-11Z" />
      <circle cx="16" cy="16.4" r="4" fill="currentColor" stroke="none" />
      <path
        d="M16 3.5v8.9M26.2 8.4l-7 5.5M28.7 19.4l-8.8-2M21.7 28.2l-3.9-8M10.3 28.2l3.9-8M3.3 19.4l8.8-2M5.8 8.4l7 5.5"
        strokeWidth="1.6"
      />
    </svg>
  );
}
