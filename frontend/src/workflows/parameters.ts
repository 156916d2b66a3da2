import { parse } from "yaml";
import type { Refusal } from "../api/outcome";
import { asObject, type Json, type JsonObject } from "../json";

export type Kind = "text" | "number" | "switch" | "choice" | "yaml";

/** A parameter of a workflow, as the form asks for it. `initial` is the text of its field. */
export type Parameter = {
  name: string;
  kind: Kind;
  description: string | null;
  isRequired: boolean;
  choices: string[];
  initial: string;
};

/** The parameters that a saved definition describes, the required ones first. */
export function parametersOf(definition: Json): Parameter[] {
  const schema = asObject(asObject(definition).parameters);
  const required = Array.isArray(schema.required) ? schema.required : [];
  const found = Object.entries(asObject(schema.properties)).map(([name, given]) => {
    const property = asObject(given);
    const kind = kindOf(property);
    return {
      name,
      kind,
      description: typeof property.description === "string" ? property.description : null,
      isRequired: required.includes(name) && property.default === undefined,
      choices: kind === "choice" ? (property.enum as string[]) : [],
      initial: textOf(kind, property.default),
    };
  });
  return [...found.filter(({ isRequired }) => isRequired), ...found.filter(({ isRequired }) => !isRequired)];
}

function kindOf(property: JsonObject): Kind {
  const { type, enum: members } = property;
  if (Array.isArray(members) && members.every((member) => typeof member === "string")) return "choice";
  if (type === "string") return "text";
  if (type === "integer" || type === "number") return "number";
  return type === "boolean" ? "switch" : "yaml";
}

function textOf(kind: Kind, value: Json | undefined): string {
  if (value === undefined || value === null) return kind === "switch" ? "false" : "";
  return typeof value === "string" && kind !== "yaml" ? value : JSON.stringify(value);
}

/** What is sent with a signal: YAML, or the text itself if it is not YAML. */
export function payloadOf(text: string): Json {
  if (text.trim() === "") return null;
  try {
    return parse(text) as Json;
  } catch {
    return text;
  }
}

/** What is sent for a field with this text; undefined leaves the parameter out. Text that is not YAML is sent as it is. */
export function givenOf({ kind, isRequired }: Parameter, text: string): Json | undefined {
  if (kind === "switch") return text === "true";
  if (text.trim() === "") return isRequired && kind === "text" ? "" : undefined;
  if (kind === "text" || kind === "choice") return text;
  return payloadOf(text);
}

/** The parameters that are sent for these texts. A field that was not changed has its initial text. */
export function valuesOf(parameters: Parameter[], texts: Record<string, string>): Record<string, Json> {
  const values: Record<string, Json> = {};
  for (const parameter of parameters) {
    const value = givenOf(parameter, texts[parameter.name] ?? parameter.initial);
    if (value !== undefined) values[parameter.name] = value;
  }
  return values;
}

/** The texts of the fields with these values. A parameter that is left out stays left out, except for a switch. */
export function textsOf(parameters: Parameter[], values: JsonObject): Record<string, string> {
  return Object.fromEntries(
    parameters.map(({ name, kind, initial }) => [
      name,
      name in values ? textOf(kind, values[name]) : kind === "switch" ? initial : "",
    ]),
  );
}

/** What is wrong with one parameter. */
export function problemsOf(refusal: Refusal | null, parameter: string): string[] {
  return (refusal?.problems ?? [])
    .filter(({ path }) => path[0] === "parameters" && path[1] === parameter)
    .map(({ path, message }) => [...path.slice(2), message].join(": "));
}
