import { isObject, type Json, type JsonObject } from "../json";

/** Something that may be written at a place: a key of a map, or a whole value. */
type Offer = { label: string; detail?: string; info?: string };

/** `*` stands for whichever item of a list. */
export type Path = string[];

/** What may be written below `path`: the keys that the schema knows there, and those of the chart's own defaults. */
export function keysAt(schema: JsonObject | null, defaults: Json, path: Path): Offer[] {
  const found = new Map<string, Offer>();
  for (const place of schema ? places(schema, path) : []) {
    for (const [name, property] of Object.entries(isObject(place.properties) ? place.properties : {})) {
      const inner = isObject(property) && schema ? follow(schema, property) : {};
      found.set(name, { label: name, detail: kindOf(inner), info: textOf(inner.description) });
    }
  }
  const present = defaultAt(defaults, path);
  for (const [name, value] of Object.entries(isObject(present) ? present : {})) {
    const known = found.get(name);
    found.set(name, { ...known, label: name, detail: brief(value) ?? known?.detail });
  }
  return [...found.values()];
}

/** What may be written as the value at `path`: an enum's values, true and false, the chart's default. */
export function valuesAt(schema: JsonObject | null, defaults: Json, path: Path): Offer[] {
  const found = new Map<string, Offer>();
  const present = defaultAt(defaults, path);
  const said = present === undefined ? undefined : brief(present);
  if (said) found.set(said, { label: said, detail: "the chart's default" });
  for (const place of schema ? places(schema, path) : []) {
    const choices = Array.isArray(place.enum) ? place.enum : place.type === "boolean" ? [true, false] : [];
    for (const choice of choices) {
      const label = String(choice);
      if (!found.has(label)) found.set(label, { label });
    }
  }
  return [...found.values()];
}

/** Every part of the schema that speaks of `path`: alternatives and combinations all count, as offers. */
function places(root: JsonObject, path: Path): JsonObject[] {
  let present = alternatives(root, root);
  for (const step of path) {
    present = present.flatMap((place) => {
      const inner =
        step === "*"
          ? place.items
          : isObject(place.properties) && place.properties[step] !== undefined
            ? place.properties[step]
            : place.additionalProperties;
      return isObject(inner) ? alternatives(root, inner) : [];
    });
  }
  return present;
}

const COMBINATIONS = ["allOf", "anyOf", "oneOf"];
const DEEPEST = 12;

function alternatives(root: JsonObject, schema: JsonObject, depth = 0): JsonObject[] {
  if (depth > DEEPEST) return [];
  const followed = follow(root, schema);
  const others = COMBINATIONS.flatMap((name) => {
    const combined = followed[name];
    return Array.isArray(combined) ? combined.filter(isObject) : [];
  });
  return [followed, ...others.flatMap((other) => alternatives(root, other, depth + 1))];
}

/** Where a local reference leads. Nothing is fetched: a reference to elsewhere leads nowhere. */
function follow(root: JsonObject, schema: JsonObject, depth = 0): JsonObject {
  const reference = schema.$ref;
  if (typeof reference !== "string" || depth > DEEPEST) return schema;
  if (!reference.startsWith("#")) return {};
  let found: Json | undefined = root;
  for (const step of reference.slice(1).split("/").filter(Boolean)) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    found = isObject(found) ? found[key] : undefined;
  }
  return isObject(found) ? follow(root, found, depth + 1) : {};
}

function defaultAt(defaults: Json, path: Path): Json | undefined {
  let found: Json | undefined = defaults;
  for (const step of path)
    found = isObject(found) ? found[step] : Array.isArray(found) ? found[0] : undefined;
  return found;
}

function brief(value: Json): string | undefined {
  if (isObject(value) || Array.isArray(value)) return undefined;
  return value === null ? "null" : value === "" ? '""' : String(value);
}

function kindOf(schema: JsonObject): string | undefined {
  return Array.isArray(schema.type) ? schema.type.join(" or ") : textOf(schema.type);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
