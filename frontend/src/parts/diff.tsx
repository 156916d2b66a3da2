import { diffLines, unifiedLines } from "../values/diff";

const MARKS = { add: "+ ", cut: "− ", same: "  " };

/** Two texts, what was cut and what was added marked in color and with a sign. */
export function Difference({ before, after, label }: { before: string; after: string; label: string }) {
  const found = diffLines(before, after);
  if (found.every((line) => line.kind === "same")) return <p className="soft small">No difference.</p>;
  return (
    <section className="diff" aria-label={label} tabIndex={0}>
      {found.map((line, index) => (
        <div key={index} className={line.kind}>
          {MARKS[line.kind]}
          {line.text}
        </div>
      ))}
    </section>
  );
}

/** A unified diff, as Helm's users know it. */
export function Unified({ diff, label }: { diff: string; label: string }) {
  return (
    <section className="diff" aria-label={label} tabIndex={0}>
      {unifiedLines(diff).map((line, index) => (
        <div key={index} className={line.kind}>
          {line.text || " "}
        </div>
      ))}
    </section>
  );
}
