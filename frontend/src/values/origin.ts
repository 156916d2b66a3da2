import { isObject, type Json, type JsonObject, same } from "../json";
import { leaves, merge } from "./merge";
import { HIDDEN } from "./references";

/**
 * Which layer a value comes from; "secret": a layer has it from there; "removed": a layer took away (with null) what the
 * chart has.
 */
type Origin = "chart" | "common" | "override" | "secret" | "removed";

export type Line = {
  path: string;
  desired: Json | undefined;
  installed: Json | undefined;
  origin: Origin | null;
  differs: boolean;
};

/**
 * Desired beside installed values, as the chart sees them: with its defaults below. `installed` is null where nothing
 * is. A line that only the installed values have, has no origin: nobody here wants it. What comes from secrets is hidden
 * in all layers: `outdated` has the paths of those that are not what is installed.
 */
export function compare(
  defaults: JsonObject,
  common: JsonObject,
  override: JsonObject,
  installed: JsonObject | null,
  outdated: string[] = [],
): Line[] {
  const wanted = leaves(merge(merge(defaults, common), override));
  const found = installed && leaves(merge(defaults, installed));
  const layers = layersOf(defaults, common, override);
  const paths = [...new Set([...layers.chart.keys(), ...wanted.keys(), ...(found?.keys() ?? [])])].sort();
  return paths.map((path) => {
    const desired = wanted.get(path);
    const present = found?.get(path);
    return {
      path,
      desired,
      installed: present,
      origin: originOf(path, desired, layers),
      differs: found !== null && (!same(desired, present) || outdated.includes(path)),
    };
  });
}

/** A difference that a plan tells; null stands for a value that is not there, too. */
export type Told = { path: string | null; desired: Json; actual: Json };

/**
 * What a plan changes in the values of one cluster. Where it upgrades, that is what it tells to differ; where nothing is
 * installed yet (`told` is null), all that is given to Helm. Below both lie the chart's defaults: `defaults` of the wanted
 * version, `before` of the installed one, where they are known.
 */
export function changes(
  layers: { defaults: JsonObject; before: JsonObject; common: JsonObject; override: JsonObject },
  desired: JsonObject,
  told: Told[] | null,
): Line[] {
  const { defaults, common, override } = layers;
  const origins = layersOf(defaults, common, override);
  const wanted = leaves(merge(defaults, desired));
  const before = leaves(layers.before);
  const differing = told === null ? leaves(desired).keys() : told.flatMap(pathsOf);
  const found = new Map(
    told?.filter((one) => one.actual !== null).flatMap((one) => [...leavesAt(one.path, one.actual)]),
  );
  return [...new Set(differing)].sort().map((path) => ({
    path,
    desired: wanted.get(path),
    installed: told === null ? undefined : (found.get(path) ?? before.get(path)),
    origin: originOf(path, wanted.get(path), origins),
    differs: true,
  }));
}

function pathsOf({ path, desired, actual }: Told): string[] {
  const sides = [desired, actual].filter((side) => side !== null);
  return (sides.length > 0 ? sides : [null]).flatMap((side) => [...leavesAt(path, side).keys()]);
}

function leavesAt(path: string | null, value: Json): Map<string, Json> {
  if (path === null) return new Map();
  return isObject(value) && Object.keys(value).length > 0 ? leaves(value, path) : new Map([[path, value]]);
}

type Layers = Record<"chart" | "common" | "override", Map<string, Json>>;

function layersOf(defaults: JsonObject, common: JsonObject, override: JsonObject): Layers {
  return { chart: leaves(defaults), common: leaves(common), override: leaves(override) };
}

function originOf(path: string, desired: Json | undefined, layers: Layers): Origin | null {
  if (desired === undefined) return has(layers.chart, path) ? "removed" : null;
  if (desired === HIDDEN) return "secret";
  if (layers.override.has(path)) return "override";
  if (layers.common.has(path)) return "common";
  return "chart";
}

/** Whether there is a value at the path, or a map. */
function has(layer: Map<string, Json>, path: string): boolean {
  return [...layer.keys()].some((key) => key.startsWith(path) && /^(\.|\[|$)/.test(key.slice(path.length)));
}
