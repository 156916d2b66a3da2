import { asObject, inWords, isObject, type Json, type JsonObject } from "../json";

/** A step of a definition. Steps of a group, and those that run if it fails, are in ranks. */
export type Step = {
  name: string;
  /** The name after those of its groups: `load/apply`, or `load.onFailure/report` for a step that runs if `load` fails. */
  path: string;
  /** Null for a group. */
  type: string | null;
  isParallel: boolean;
  /** How the step runs, such as the condition that it has. */
  notes: string[];
  /** The steps that end before this one begins, if these are not exactly the steps of the rank above. */
  after: string[];
  steps: Step[][];
  onFailure: Step[][];
};

/** The steps of a saved definition in ranks: each step comes after those that end before it begins. */
export function stepsOf(definition: Json): Step[][] {
  return ranksOf(asObject(definition).steps, false, "");
}

/** The steps that run if the run is cancelled. */
export function cancelStepsOf(definition: Json): Step[][] {
  return ranksOf(asObject(definition).onCancel, false, ".onCancel/");
}

/** The path of a step in a definition, from that of the step in a run, which also has the numbers of items. */
export const templateOf = (path: string): string => path.replaceAll(/\[\d+\]/g, "");

function ranksOf(given: Json | undefined, isParallel: boolean, prefix: string): Step[][] {
  const steps = Array.isArray(given) ? given.filter(isObject) : [];
  const needs = new Map<string, string[]>();
  for (const [index, step] of steps.entries()) {
    const previous = isParallel || index === 0 ? [] : [String(steps[index - 1]!.name)];
    needs.set(String(step.name), step.dependsOn === undefined ? previous : asNames(step.dependsOn));
  }
  const ranks = rankOf(needs);
  const found: Step[][] = [];
  for (const step of steps) {
    const rank = ranks.get(String(step.name))!;
    found[rank] ??= [];
    found[rank].push(stepOf(step, prefix));
  }
  for (const [rank, row] of found.entries()) {
    const above = rank === 0 ? [] : found[rank - 1]!.map(({ name }) => name);
    for (const step of row) {
      const own = needs.get(step.name)!;
      if (own.length !== above.length || !own.every((name) => above.includes(name))) step.after = own;
    }
  }
  return found;
}

/** The number of steps on the longest way to each step. A saved definition has no cycles. */
function rankOf(needs: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const ranks = new Map<string, number>();
  const visit = (name: string): number => {
    const known = ranks.get(name);
    if (known !== undefined) return known;
    const rank = Math.max(-1, ...needs.get(name)!.map(visit)) + 1;
    ranks.set(name, rank);
    return rank;
  };
  for (const name of needs.keys()) visit(name);
  return ranks;
}

function stepOf(given: JsonObject, prefix: string): Step {
  const name = String(given.name);
  const path = prefix + name;
  const isParallel = given.parallel !== undefined;
  return {
    name,
    path,
    type: typeOf(given),
    isParallel,
    notes: notesOf(given),
    after: [],
    steps: ranksOf(given.parallel ?? given.sequence, isParallel, `${path}/`),
    onFailure: ranksOf(given.onFailure, false, `${path}.onFailure/`),
  };
}

/** The type of a step; in a run, that of a step definition is beside the steps to which it has expanded. */
function typeOf({ type, composed }: JsonObject): string | null {
  if (typeof type === "string") return type;
  return isObject(composed) && typeof composed.type === "string" ? composed.type : null;
}

function notesOf({ if: condition, forEach, retry, timeout, continueOnError }: JsonObject): string[] {
  const notes: string[] = [];
  if (condition !== undefined) notes.push(`If ${inner(condition)}`);
  if (isObject(forEach)) {
    const { items, limit } = forEach;
    notes.push(`For each of ${inner(items)}, at most ${inWords(limit ?? 10)} at the same time`);
  }
  if (isObject(retry)) notes.push(`Up to ${inWords(retry.attempts)} attempts`);
  if (timeout !== undefined) notes.push(`At most ${inWords(timeout)}`);
  if (continueOnError === true) notes.push("A failure is ignored");
  return notes;
}

/** The expression in `${{ … }}`, or the value itself. */
function inner(value: Json | undefined): string {
  const text = inWords(value);
  return /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text)?.[1]?.trim() ?? text;
}

const asNames = (value: Json): string[] => (Array.isArray(value) ? value.map(String) : []);
