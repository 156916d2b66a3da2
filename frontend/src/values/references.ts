import { isObject, type Json, type JsonObject } from "../json";

/** What the API shows in the place of a value that comes from a secret. */
export const HIDDEN = "••••••••";

/** The value under a key of a secret, and where it goes into the values. */
export type Reference = { secret: string; key: string; path: string };

/** The keys that lead to a path such as `database.password` or `annotations["a.b/c"]`; null where it is none. */
export function stepsOf(path: string): string[] | null {
  const steps: string[] = [];
  let rest = path;
  while (rest || steps.length === 0) {
    const found = /^(?:(\.?)([A-Za-z0-9_-]+)|\[("(?:[^"\\]|\\.)*")\])/.exec(rest);
    if (!found) return null;
    const [whole, dot, word, quoted] = found;
    if (word !== undefined && (dot === "") !== (steps.length === 0)) return null;
    steps.push(word ?? (JSON.parse(quoted!) as string));
    rest = rest.slice(whole.length);
  }
  return steps;
}

/** The values as the API shows them: with what comes from secrets in its places, hidden. */
export function withHidden(values: JsonObject, references: Reference[]): JsonObject {
  let placed = values;
  for (const { path } of references) {
    const steps = stepsOf(path);
    if (steps) placed = put(placed, steps);
  }
  return placed;
}

function put(values: JsonObject, [step, ...rest]: string[]): JsonObject {
  const below: Json | undefined = values[step!];
  return { ...values, [step!]: rest.length > 0 ? put(isObject(below) ? below : {}, rest) : HIDDEN };
}
