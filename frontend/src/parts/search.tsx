import { useEffect, useRef, useState } from "react";

const PAUSE_MILLISECONDS = 250;

/** A text to search for. It is passed on when typing pauses. */
export function Search({
  label,
  value,
  change,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const passed = useRef(value);
  useEffect(() => {
    if (value !== passed.current) {
      passed.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    if (typed === passed.current) return;
    const pause = setTimeout(() => {
      passed.current = typed;
      change(typed);
    }, PAUSE_MILLISECONDS);
    return () => clearTimeout(pause);
  }, [typed, change]);
  return (
    <input
      className="input"
      type="search"
      aria-label={label}
      placeholder={label}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}
