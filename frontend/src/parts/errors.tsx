const NAMED = 10;

/** Lets the user apply a plan although it has errors on some clusters. */
export function DespiteErrors({
  count,
  checked,
  change,
}: {
  count: number;
  checked: boolean;
  change: (checked: boolean) => void;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => change(event.target.checked)} />
      <span>
        Continue despite errors on {countOf(count)}. Unreachable clusters are updated when they are reachable
        again.
      </span>
    </label>
  );
}

export function countOf(clusters: number): string {
  return clusters === 1 ? "1 cluster" : `${clusters} clusters`;
}

/** Some of many names, and how many others there are. */
export function someOf(names: string[]): string {
  const more = names.length - NAMED;
  return more <= 1 ? names.join(", ") : `${names.slice(0, NAMED).join(", ")} and ${more} more`;
}
