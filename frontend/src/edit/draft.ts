import { valuesOf } from "../editor/check";
import type { DriftPolicy, ValueOverrideInput } from "../graphql";
import type { JsonObject } from "../json";
import { type Reference, stepsOf } from "../values/references";

/**
 * What is being written: values as texts, so that a half-written one is kept as it is. `references` has what comes from
 * secrets, by cluster; "" is what is common to all.
 */
export type Draft = {
  values: string;
  overrides: Record<string, string>;
  references: Record<string, Reference[]>;
  targets: string[];
  description: string;
  atomic: boolean;
  wait: boolean;
  timeoutSeconds: number;
  driftPolicy: DriftPolicy;
};

export type Wanted = {
  values: JsonObject;
  valuesFrom: Reference[];
  valueOverrides: ValueOverrideInput[];
  targets: string[];
  description: string;
  atomic: boolean;
  wait: boolean;
  timeoutSeconds: number;
  driftPolicy: DriftPolicy;
};

/**
 * What a draft asks for, or which of its layers stand for no values, or have half a reference: "" is the common one, else
 * the cluster's.
 */
export function wantedOf(draft: Draft): Wanted | { broken: string[] } {
  const common = valuesOf(draft.values);
  const overrides = Object.entries(draft.overrides)
    .filter(([cluster]) => draft.targets.includes(cluster))
    .map(([cluster, text]) => ({
      cluster,
      values: valuesOf(text),
      valuesFrom: draft.references[cluster] ?? [],
    }));
  const valuesFrom = draft.references[""] ?? [];
  const broken = overrides
    .filter((one) => !one.values || !one.valuesFrom.every(isWhole))
    .map(({ cluster }) => cluster);
  if (!common || !valuesFrom.every(isWhole)) broken.unshift("");
  if (!common || broken.length > 0) return { broken };
  const { targets, atomic, wait, timeoutSeconds, driftPolicy } = draft;
  return {
    values: common,
    valuesFrom,
    valueOverrides: overrides.filter(
      ({ values, valuesFrom }) => Object.keys(values!).length > 0 || valuesFrom.length > 0,
    ),
    targets,
    description: draft.description.trim(),
    atomic,
    wait,
    timeoutSeconds,
    driftPolicy,
  };
}

function isWhole({ secret, key, path }: Reference): boolean {
  return secret !== "" && key !== "" && stepsOf(path) !== null;
}
