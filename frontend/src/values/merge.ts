import { isObject, type Json, type JsonObject } from "../json";

/**
 * Values merged as Helm does it, the stronger over the weaker: maps deeply, lists replaced, null removes.
 * Pieces that are not touched are shared with the input, which is never changed.
 */
export function merge(weaker: JsonObject, stronger: JsonObject): JsonObject {
  const merged = { ...weaker };
  for (const [key, value] of Object.entries(stronger)) {
    const below = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) && isObject(below) ? merge(below, value) : value;
  }
  return merged;
}

/** Every value that is not a map, by its path, as the API writes paths; an empty map counts as a value. */
export function leaves(values: JsonObject, above = ""): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const [key, value] of Object.entries(values)) {
    const path = joined(above, key);
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [inner, leaf] of leaves(value, path)) found.set(inner, leaf);
    } else {
      found.set(path, value);
    }
  }
  return found;
}

function joined(above: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${above}[${JSON.stringify(key)}]`;
  return above ? `${above}.${key}` : key;
}
