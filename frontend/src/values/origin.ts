import { isObject, type Json, type JsonObject, same } from "../json";
import { leaves, merge } from "./merge";
import { HIDDEN } from "./references";

/**
 * Which layer a value comes from; "secret": a layer has it from there; "removed": a layer took away (with null) what the
 * chart has.
 */
type Origin = "chart" | "common" | "selector" | "override" | "secret" | "removed";

export type Line = {
  path: string;
  desired: Json | undefined;
  installed: Json | undefined;
  origin: Origin | null;
  /** More about where it comes from: the selector, the expression, and what it hides. */
  note?: string;
  differs: boolean;
};

/** What the server says about a value: the layer that it comes from, and what it hides. */
export type ValueOrigin = {
  path: string;
  value: Json;
  expression: string | null;
  layer: Layer;
  hides: { path: string; value: Json; layer: Layer }[];
};

export type Layer = { kind: "DEFAULTS" | "COMMON" | "SELECTOR" | "CLUSTER"; selector: string | null };

/**
 * Compares desired with installed values as the chart sees them, merged over its defaults. `installed` is null if nothing
 * is installed. A line that only the installed values have has no origin. Values from secrets are hidden in all layers:
 * `outdated` has the paths of those that differ from what is installed.
 */
export function compare(
  defaults: JsonObject,
  origins: ValueOrigin[],
  installed: JsonObject | null,
  outdated: string[] = [],
): Line[] {
  const wanted = new Map(origins.flatMap(leavesOf));
  const found = installed && leaves(merge(defaults, installed));
  const paths = [...new Set([...wanted.keys(), ...(found?.keys() ?? [])])].sort();
  return paths.map((path) => {
    const one = wanted.get(path);
    const present = found?.get(path);
    return {
      path,
      desired: one?.desired,
      installed: present,
      origin: one?.origin ?? null,
      ...(one?.note && { note: one.note }),
      differs: found !== null && (!same(one?.desired, present) || outdated.includes(path)),
    };
  });
}

/** The lines of a value: one, but for a null that removes a map of the chart, one for each value in that map. */
function leavesOf(one: ValueOrigin): [string, Pick<Line, "desired" | "origin" | "note">][] {
  const note = noteOf(one);
  const removed = one.value === null && one.hides.find(({ layer }) => layer.kind === "DEFAULTS");
  if (!removed) {
    const origin = one.value === HIDDEN ? "secret" : ORIGINS[one.layer.kind];
    return [[one.path, { desired: one.value, origin, note }]];
  }
  return [...leavesAt(one.path, removed.value).keys()].map((path) => [
    path,
    { desired: undefined, origin: "removed", note },
  ]);
}

const ORIGINS = { DEFAULTS: "chart", COMMON: "common", SELECTOR: "selector", CLUSTER: "override" } as const;

/** The name of a layer. */
export function layerWords({ kind, selector }: Layer): string {
  return kind === "SELECTOR" ? `selector ${selector}` : ORIGINS[kind];
}

function noteOf({ layer, expression, hides, path }: ValueOrigin): string | undefined {
  const notes = [
    layer.kind === "SELECTOR" ? layer.selector : null,
    expression,
    ...hides.map((one) => {
      const where = one.path === path ? "" : `${one.path}: `;
      return `hides ${where}${JSON.stringify(one.value)} (${layerWords(one.layer)})`;
    }),
  ];
  return notes.filter(Boolean).join("; ") || undefined;
}

/** A difference that a plan reports; null also stands for a missing value. */
export type Difference = { path: string | null; desired: Json; actual: Json };

/**
 * What a plan changes in the values of one cluster: for an upgrade the reported differences, and if nothing is installed yet
 * (`differences` is null), all values that Helm receives. Both are merged over the chart's defaults: `defaults` are those of
 * the planned version, `before` those of the installed one, if they are known.
 */
export function changes(
  layers: { defaults: JsonObject; before: JsonObject; common: JsonObject; override: JsonObject },
  desired: JsonObject,
  differences: Difference[] | null,
): Line[] {
  const { defaults, common, override } = layers;
  const origins = layersOf(defaults, common, override);
  const wanted = leaves(merge(defaults, desired));
  const before = leaves(layers.before);
  const differing = differences === null ? leaves(desired).keys() : differences.flatMap(pathsOf);
  const found = new Map(
    differences?.filter((one) => one.actual !== null).flatMap((one) => [...leavesAt(one.path, one.actual)]),
  );
  return [...new Set(differing)].sort().map((path) => ({
    path,
    desired: wanted.get(path),
    installed: differences === null ? undefined : (found.get(path) ?? before.get(path)),
    origin: originOf(path, wanted.get(path), origins),
    differs: true,
  }));
}

function pathsOf({ path, desired, actual }: Difference): string[] {
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
