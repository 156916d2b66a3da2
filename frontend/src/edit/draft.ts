import { valuesOf } from "../editor/check";
import type { DriftPolicy, ValueOverrideInput } from "../graphql";
import type { JsonObject } from "../json";

/** What is being written: values as texts, so that a half-written one is kept as it is. */
export type Draft = {
  values: string;
  overrides: Record<string, string>;
  targets: string[];
  atomic: boolean;
  wait: boolean;
  timeoutSeconds: number;
  driftPolicy: DriftPolicy;
};

export type Wanted = {
  values: JsonObject;
  valueOverrides: ValueOverrideInput[];
  targets: string[];
  atomic: boolean;
  wait: boolean;
  timeoutSeconds: number;
  driftPolicy: DriftPolicy;
};

/** What a draft asks for, or which of its texts stand for no values: "" is the common one, else the cluster's. */
export function wantedOf(draft: Draft): Wanted | { broken: string[] } {
  const common = valuesOf(draft.values);
  const overrides = Object.entries(draft.overrides)
    .filter(([cluster]) => draft.targets.includes(cluster))
    .map(([cluster, text]) => [cluster, valuesOf(text)] as const);
  const broken = overrides.filter(([, values]) => !values).map(([cluster]) => cluster);
  if (!common) broken.unshift("");
  if (!common || broken.length > 0) return { broken };
  const { targets, atomic, wait, timeoutSeconds, driftPolicy } = draft;
  return {
    values: common,
    valueOverrides: overrides
      .filter(([, values]) => Object.keys(values!).length > 0)
      .map(([cluster, values]) => ({ cluster, values: values! })),
    targets,
    atomic,
    wait,
    timeoutSeconds,
    driftPolicy,
  };
}
