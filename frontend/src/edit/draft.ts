import type {
  CrdPolicy,
  DependencyInput,
  DriftIgnoreRuleInput,
  DriftPolicy,
  LiveDrift,
  RemediationInput,
  SelectorOverrideInput,
  UpdateDeploymentInput,
} from "../graphql";
import { type Reference, stepsOf } from "../values/references";
import { type Conditions, selectorOf } from "../values/selectors";
import { type Strategy, strategyInput } from "./strategy";

/** Values for the clusters that meet some conditions. `key` stays the same while it is edited. */
export type Selected = { key: string; conditions: Conditions; values: string };

/**
 * What is being written: values as texts, so that a half-written one is kept as it is. `references` has what comes from
 * secrets, by cluster or by the key of an override by selector; "" is what is common to all. `selected` are the overrides
 * by selector, weakest first. `targets` are those that are listed; `selector` chooses more, unless it is null.
 */
export type Draft = {
  values: string;
  overrides: Record<string, string>;
  selected: Selected[];
  references: Record<string, Reference[]>;
  targets: string[];
  selector: Conditions | null;
  description: string;
  atomic: boolean;
  wait: boolean;
  timeoutSeconds: number;
  remediation: RemediationInput;
  driftPolicy: DriftPolicy;
  liveDrift: LiveDrift;
  liveDriftIgnore: IgnoreRule[];
  crdPolicy: CrdPolicy;
  dependsOn: DependencyInput[];
  strategy: Strategy;
  /** What the strategy is for: an unchanged one is not sent. */
  strategyUse: "unchanged" | "stored" | "once";
  /** The CRDs from which this change may remove versions that are in use. */
  allowCrdVersionRemoval: string[];
};

/** Differences of live objects that do not count: an empty `kind` is any kind, a `group` of null any API group. */
export type IgnoreRule = { kind: string; group: string | null; paths: string[] };

/** The fields of an update that a draft does not have. The plan, the page or the server decides about these. */
type Elsewhere =
  | "id"
  | "expectedGeneration"
  | "version"
  | "values"
  | "reuseValues"
  | "confirmRemoval"
  | "dryRun"
  | "idempotencyKey"
  | "releaseName"
  | "namespace";
type Optional = "targetSelector" | "strategy" | "strategyOverride";
type Asked = Required<Omit<UpdateDeploymentInput, Elsewhere>>;

/** What a draft asks for: all other fields, so that one that the API gets and the form lacks is an error here. */
export type Wanted = {
  [Field in keyof Asked]: Field extends Optional ? Asked[Field] : NonNullable<Asked[Field]>;
};

/**
 * What a draft asks for, or which of its layers are not complete: "" is the common one, else the name of the cluster or
 * the key of the override by selector. Values go to the server as they are written: it reads them as Helm does, and says
 * what is wrong with them.
 */
export function wantedOf(draft: Draft): Wanted | { broken: string[] } {
  const overrides = Object.entries(draft.overrides)
    .filter(([cluster]) => draft.selector !== null || draft.targets.includes(cluster))
    .map(([cluster, valuesYaml]) => ({
      cluster,
      valuesYaml,
      valuesFrom: draft.references[cluster] ?? [],
    }));
  const valuesFrom = draft.references[""] ?? [];
  const broken = overrides.filter((one) => !one.valuesFrom.every(isWhole)).map(({ cluster }) => cluster);
  if (!valuesFrom.every(isWhole)) broken.unshift("");
  const selectorOverrides: SelectorOverrideInput[] = [];
  for (const { key, conditions, values } of draft.selected) {
    const read = selectorOf(conditions);
    const from = draft.references[key] ?? [];
    if ("problem" in read || !from.every(isWhole)) broken.push(key);
    else selectorOverrides.push({ select: read.selector, valuesYaml: values, valuesFrom: from });
  }
  const chosen = draft.selector === null ? { selector: null } : selectorOf(draft.selector);
  if ("problem" in chosen) return { broken: [...broken, TARGETS] };
  const strategy = draft.strategyUse === "unchanged" ? null : strategyInput(draft.strategy);
  if (strategy === null && draft.strategyUse !== "unchanged") broken.push(ROLLOUT);
  if (broken.length > 0) return { broken };
  const { targets, atomic, wait, timeoutSeconds, remediation, driftPolicy, liveDrift, crdPolicy } = draft;
  return {
    valuesYaml: draft.values,
    valuesFrom,
    valueOverrides: overrides.filter(
      ({ valuesYaml, valuesFrom }) => says(valuesYaml) || valuesFrom.length > 0,
    ),
    selectorOverrides,
    targets,
    targetSelector: chosen.selector,
    description: draft.description.trim(),
    atomic,
    wait,
    timeoutSeconds,
    remediation,
    driftPolicy,
    liveDrift,
    liveDriftIgnore: ignoreInput(draft.liveDriftIgnore),
    crdPolicy,
    dependsOn: draft.dependsOn
      .map(({ deployment, condition }) => ({
        deployment: deployment.trim(),
        condition: condition?.trim() || null,
      }))
      .filter(({ deployment }) => deployment !== ""),
    strategy: draft.strategyUse === "once" ? null : strategy,
    strategyOverride: draft.strategyUse === "once" ? strategy : null,
    allowCrdVersionRemoval: draft.allowCrdVersionRemoval,
  };
}

/** Rules without a path say nothing yet. */
function ignoreInput(rules: IgnoreRule[]): DriftIgnoreRuleInput[] {
  return rules
    .map(({ kind, group, paths }) => ({
      kind: kind.trim() || null,
      group: kind.trim() ? group : null,
      paths: paths.map((path) => path.trim()).filter(Boolean),
    }))
    .filter(({ paths }) => paths.length > 0);
}

/** The rules with one more; what they already ignore is not added again. */
export function withRule(rules: IgnoreRule[], added: IgnoreRule): IgnoreRule[] {
  const same = rules.findIndex((rule) => rule.kind === added.kind && rule.group === added.group);
  if (same < 0) return [...rules, added];
  return rules.map((rule, index) =>
    index === same ? { ...rule, paths: [...new Set([...rule.paths, ...added.paths])] } : rule,
  );
}

/** Stands for the selector of the targets where parts of a draft are named. */
export const TARGETS = "/targets";

/** Stands for the strategy of the rollout. */
export const ROLLOUT = "/rollout";

/** Whether there is more in a text than comments. */
function says(text: string): boolean {
  return text.split("\n").some((line) => !/^\s*(#|$)/.test(line));
}

function isWhole({ secret, key, path }: Reference): boolean {
  return secret !== "" && key !== "" && stepsOf(path) !== null;
}
