import { type OutputUnit, type SchemaDraft, Validator } from "@cfworker/json-schema";
import { isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { isObject, type Json, type JsonObject } from "../json";
import { merge } from "../values/merge";

/** Something wrong in a text, and where. */
type Finding = { from: number; to: number; message: string };

export type Layers = {
  /** What lies below the values that are edited: the chart's defaults, and for an override the common values. */
  below: JsonObject;
  schema: JsonObject | null;
};

// Only for hints while somebody writes: what a text means is decided by the server, which reads it as Helm does.
const AS_HELM = { version: "1.1", merge: true } as const;

/** The values that a text seems to stand for, or null where it stands for none. An empty text is an empty map. */
export function valuesOf(text: string): JsonObject | null {
  const document = parseDocument(text, AS_HELM);
  if (document.errors.length > 0) return null;
  const found = document.toJS() as Json;
  return found === null ? {} : isObject(found) ? found : null;
}

/**
 * What is wrong with values: first as YAML, then by the chart's schema. As Helm does, it is the merged values that are
 * checked; what is wrong with a value that the text does not have is told where it could be written.
 */
export function check(text: string, { below, schema }: Layers): Finding[] {
  const document = parseDocument(text, { ...AS_HELM, lineCounter: new LineCounter() });
  if (document.errors.length > 0) {
    return document.errors.map((error) => ({
      from: error.pos[0],
      to: Math.max(error.pos[1], error.pos[0] + 1),
      message: error.message.split("\n")[0]!.replace(/ at line \d+.*$/, ""),
    }));
  }
  const values = valuesOf(text);
  if (!values) return [{ from: 0, to: text.length, message: "Values are a map: `key: value` on each line." }];
  if (!schema) return [];
  const { valid, errors } = validatorFor(schema).validate(merge(below, values));
  return valid
    ? []
    : precise(errors).map((error) => ({ ...span(document.contents, error, text), message: error.error }));
}

const validators = new WeakMap<JsonObject, Validator>();

function validatorFor(schema: JsonObject): Validator {
  let found = validators.get(schema);
  if (!found) {
    found = new Validator(schema as object, draftOf(schema), false);
    validators.set(schema, found);
  }
  return found;
}

function draftOf(schema: JsonObject): SchemaDraft {
  const named = typeof schema.$schema === "string" ? schema.$schema : "";
  if (named.includes("2020-12")) return "2020-12";
  if (named.includes("2019-09")) return "2019-09";
  return named.includes("draft-04") ? "4" : "7";
}

/** Errors that say something themselves, not those that only say that something within is wrong. */
function precise(errors: OutputUnit[]): OutputUnit[] {
  const told = errors.filter(
    (error) =>
      !errors.some(
        (other) => other !== error && other.instanceLocation.startsWith(`${error.instanceLocation}/`),
      ),
  );
  return told.filter((error) => error.keyword !== "properties" && error.keyword !== "$ref");
}

function span(contents: unknown, error: OutputUnit, text: string): { from: number; to: number } {
  let found: Node | null = isNode(contents) ? contents : null;
  let [from, to] = [0, Math.max(text.indexOf("\n"), 0) || text.length];
  for (const step of error.instanceLocation.split("/").slice(1)) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    let inner: unknown = null;
    if (isMap(found)) {
      const pair = found.items.find((item) => String(item.key) === key);
      if (!pair || !isNode(pair.key)) break;
      [from, to] = pair.key.range ? [pair.key.range[0], pair.key.range[1]] : [from, to];
      inner = pair.value;
    } else if (isSeq(found)) {
      inner = found.items[Number(key)];
    }
    if (!isNode(inner)) break;
    if (inner.range && !isMap(inner)) [from, to] = [inner.range[0], inner.range[1]];
    found = inner;
  }
  return { from, to };
}
