import { DRIFT_STATES, type DriftState, type Health, type ResourceFilter } from "../graphql";
import { HEALTH_WORDS } from "../values/words";

export const HEALTHS = Object.keys(HEALTH_WORDS) as Health[];
export const TEXTS = ["kind", "name", "namespace", "image", "host", "cluster", "group", "release"] as const;
/** In these, `*` matches any text; without one, they match anywhere. */
const PATTERNS: string[] = ["name", "image", "host"];

/** The filter in an address such as `?image=*:1.2.3&health=DEGRADED`. Unknown states are passed over. */
export function filterOf(params: URLSearchParams): ResourceFilter {
  const filter: ResourceFilter = {};
  for (const name of TEXTS) {
    const text = params.get(name)?.trim();
    if (text) filter[name] = PATTERNS.includes(name) && !text.includes("*") ? `*${text}*` : text;
  }
  const health = wordsOf(params, "health").filter((word): word is Health => HEALTHS.includes(word as Health));
  const drift = wordsOf(params, "drift").filter((word): word is DriftState =>
    DRIFT_STATES.includes(word as DriftState),
  );
  if (health.length > 0) filter.health = health;
  if (drift.length > 0) filter.drift = drift;
  return filter;
}

/** A list in an address with a word added, or removed if it was there. */
export function toggled(params: URLSearchParams, name: string, word: string): string | null {
  const words = wordsOf(params, name);
  const next = words.includes(word) ? words.filter((one) => one !== word) : [...words, word];
  return next.join(",") || null;
}

function wordsOf(params: URLSearchParams, name: string): string[] {
  return (params.get(name) ?? "").split(",").filter(Boolean);
}
