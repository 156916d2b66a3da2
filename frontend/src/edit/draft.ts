import type { DriftPolicy, ValueOverrideInput } from "../graphql";
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
  valuesYaml: string;
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
 * What a draft asks for, or which of its layers have half a reference: "" is the common one, else the cluster's. Values
 * go to the server as they are written: it reads them as Helm does, and says what is wrong with them.
 */
export function wantedOf(draft: Draft): Wanted | { broken: string[] } {
  const overrides = Object.entries(draft.overrides)
    .filter(([cluster]) => draft.targets.includes(cluster))
    .map(([cluster, valuesYaml]) => ({
      cluster,
      valuesYaml,
      valuesFrom: draft.references[cluster] ?? [],
    }));
  const valuesFrom = draft.references[""] ?? [];
  const broken = overrides.filter((one) => !one.valuesFrom.every(isWhole)).map(({ cluster }) => cluster);
  if (!valuesFrom.every(isWhole)) broken.unshift("");
  if (broken.length > 0) return { broken };
  const { targets, atomic, wait, timeoutSeconds, driftPolicy } = draft;
  return {
    valuesYaml: draft.values,
    valuesFrom,
    valueOverrides: overrides.filter(
      ({ valuesYaml, valuesFrom }) => says(valuesYaml) || valuesFrom.length > 0,
    ),
    targets,
    description: draft.description.trim(),
    atomic,
    wait,
    timeoutSeconds,
    driftPolicy,
  };
}

/** Whether there is more in a text than comments. */
function says(text: string): boolean {
  return text.split("\n").some((line) => !/^\s*(#|$)/.test(line));
}

function isWhole({ secret, key, path }: Reference): boolean {
  return secret !== "" && key !== "" && stepsOf(path) !== null;
}
