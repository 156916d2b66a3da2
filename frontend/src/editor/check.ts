import { type OutputUnit, type SchemaDraft, Validator } from "@cfworker/json-schema";
import { isMap, isNode, isSeq, type Node, parseDocument } from "yaml";
import type { Reading } from "../api/reading";
import type { JsonObject } from "../json";
import { merge } from "../values/merge";

/** Something wrong in a text, and where. */
type Finding = { from: number; to: number; message: string };

export type Layers = {
  /** What lies below the values that are edited: the chart's defaults, and for an override the common values. */
  below: JsonObject;
  schema: JsonObject | null;
};

/**
 * The problems of values: first those of the YAML, which the server has read, then those found by the chart's schema. As in
 * Helm, the merged values are checked. A problem of a value that is not in the text is shown where it could be written.
 */
export function check(text: string, { values, problems }: Reading, { below, schema }: Layers): Finding[] {
  if (!values) return problems.map(({ message, line, column }) => ({ ...at(text, line, column), message }));
  if (!schema) return [];
  const { valid, errors } = validatorFor(schema).validate(merge(below, values));
  if (valid) return [];
  // The library says where a value stands, never what it means.
  const { contents } = parseDocument(text, { version: "1.1" });
  return precise(errors).map((error) => ({ ...span(contents, error, text), message: error.error }));
}

/** From a line and a column, both counted from 1, to the end of the line. */
function at(text: string, line: number | null, column: number | null): { from: number; to: number } {
  const lines = text.split("\n");
  const index = Math.min((line ?? 1) - 1, lines.length - 1);
  const start = lines.slice(0, index).reduce((sum, before) => sum + before.length + 1, 0);
  const end = start + lines[index]!.length;
  const from = Math.min(start + [...lines[index]!].slice(0, (column ?? 1) - 1).join("").length, end);
  return { from, to: Math.max(end, Math.min(from + 1, text.length)) };
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

/** The innermost errors, without those that only state that something inside is wrong. */
function precise(errors: OutputUnit[]): OutputUnit[] {
  const innermost = errors.filter(
    (error) =>
      !errors.some(
        (other) => other !== error && other.instanceLocation.startsWith(`${error.instanceLocation}/`),
      ),
  );
  return innermost.filter((error) => error.keyword !== "properties" && error.keyword !== "$ref");
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
