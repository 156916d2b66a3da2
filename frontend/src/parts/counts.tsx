import type { DriftState, Health, TargetStatus } from "../graphql";
import { driftWords, HEALTH_WORDS, STATUS_WORDS } from "../values/words";
import { Glyph, ofDrift, ofHealth, type Shape, shapeOf, type Tone, toneOf } from "./glyph";

/** How many targets have the value `key`, and how that is shown. */
export type Count = { key: string; count: number; tone: Tone; shape: Shape; words: string };

type Counted<Value extends string> = ReadonlyMap<Value, number>;

export const ofStatuses = (counts: Counted<TargetStatus>): Count[] =>
  listed(counts, (status) => [toneOf(status), shapeOf(status), STATUS_WORDS[status]]);
export const ofHealths = (counts: Counted<Health>): Count[] =>
  listed(counts, (health) => [...ofHealth(health), HEALTH_WORDS[health]]);
/** Deployments whose objects are not compared are left out. */
export const ofDrifts = (counts: Counted<DriftState>): Count[] =>
  listed(counts, (state) => [...ofDrift(state), driftWords(state)]).filter(({ key }) => key !== "OFF");

function listed<Value extends string>(
  counts: Counted<Value>,
  shown: (value: Value) => [Tone, Shape, string],
): Count[] {
  return [...counts]
    .map(([key, count]) => {
      const [tone, shape, words] = shown(key);
      return { key, count, tone, shape, words };
    })
    .sort((one, other) => other.count - one.count);
}

/** How often each value occurs. */
export function countBy<Item, Value extends string>(
  items: readonly Item[],
  of: (item: Item) => Value,
): Map<Value, number> {
  const counts = new Map<Value, number>();
  for (const item of items) counts.set(of(item), (counts.get(of(item)) ?? 0) + 1);
  return counts;
}

/** The counts as one line of text with shapes, and as a bar. */
export function Counts({ label, counts }: { label: string; counts: Count[] }) {
  if (counts.length === 0) return null;
  return (
    <div className="stack tight">
      <div className="bar" aria-hidden="true">
        {counts.map(({ key, count, tone }) => (
          <i key={key} className={`tone-${tone}`} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul className="row wide" aria-label={label}>
        {counts.map(({ key, count, tone, shape, words }) => (
          <li key={key} className={`status tone-${tone}`}>
            <Glyph shape={shape} />
            {count.toLocaleString()} {words.toLowerCase()}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The counts as buttons, each of which shows only what it counts. */
export function CountButtons({
  legend,
  counts,
  chosen,
  toggle,
}: {
  legend: string;
  counts: Count[];
  chosen: readonly string[];
  toggle: (key: string) => void;
}) {
  if (counts.length === 0) return null;
  return (
    <fieldset className="counts">
      <legend className="hidden">{legend}</legend>
      {counts.map(({ key, count, tone, shape, words }) => (
        <button
          key={key}
          type="button"
          className={`count tone-${tone}`}
          aria-pressed={chosen.includes(key)}
          onClick={() => toggle(key)}
        >
          <Glyph shape={shape} />
          <b>{count.toLocaleString()}</b>
          {words}
        </button>
      ))}
    </fieldset>
  );
}
