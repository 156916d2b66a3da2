import { type Json, type JsonObject, same } from "../json";
import { leaves, merge } from "./merge";

/** Which layer a value comes from; "removed": a layer took away (with null) what the chart has. */
export type Origin = "chart" | "common" | "override" | "removed";

export type Line = {
  path: string;
  desired: Json | undefined;
  installed: Json | undefined;
  origin: Origin | null;
  differs: boolean;
};

/**
 * Desired beside installed values, as the chart sees them: with its defaults below. `installed` is null where nothing
 * is. A line that only the installed values have, has no origin: nobody here wants it.
 */
export function compare(
  defaults: JsonObject,
  common: JsonObject,
  override: JsonObject,
  installed: JsonObject | null,
): Line[] {
  const wanted = leaves(merge(merge(defaults, common), override));
  const found = installed && leaves(merge(defaults, installed));
  const layers = { chart: leaves(defaults), common: leaves(common), override: leaves(override) };
  const paths = [...new Set([...layers.chart.keys(), ...wanted.keys(), ...(found?.keys() ?? [])])].sort();
  return paths.map((path) => {
    const desired = wanted.get(path);
    const present = found?.get(path);
    return {
      path,
      desired,
      installed: present,
      origin: originOf(path, desired, layers),
      differs: found !== null && !same(desired, present),
    };
  });
}

function originOf(
  path: string,
  desired: Json | undefined,
  layers: Record<"chart" | "common" | "override", Map<string, Json>>,
): Origin | null {
  if (desired === undefined) return layers.chart.has(path) ? "removed" : null;
  if (layers.override.has(path)) return "override";
  if (layers.common.has(path)) return "common";
  return "chart";
}
