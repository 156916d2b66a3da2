import type { CheckInput, WrittenCheckFragment } from "../graphql";
import type { Json } from "../json";

export type CheckKind = WrittenCheckFragment["kind"];

type Counts = { count: string; failureLimit: string; inconclusiveLimit: string; errorLimit: string };

/** A check of a wave, with its numbers as texts. `spec` is what is measured, whose fields depend on the kind. */
export type Check = Counts & {
  key: string;
  name: string;
  kind: CheckKind;
  interval: string;
  spec: Spec;
};

type Spec = Record<string, Json>;

const UNCONDITIONAL = { passes: null, fails: null };
/** What a new check of each kind measures, until its fields are filled in. */
export const NOTHING: Record<CheckKind, Spec> = {
  HEALTH: {},
  OBJECT: { kind: "", name: "", namespace: null, apiGroup: null, ...UNCONDITIONAL },
  HTTP: { url: "", method: "GET", body: null, timeout: "10s", ...UNCONDITIONAL },
  JOB: { image: "", command: [], args: [], env: [], timeout: "5m" },
  PROMETHEUS: { url: "", query: "", timeout: "10s", ...UNCONDITIONAL },
};

/** A check of the health of targets, with another name than these. */
export function newCheck(checks: Check[]): Check {
  let number = checks.length + 1;
  while (checks.some(({ name, key }) => name === `check-${number}` || key === `new-${number}`)) number++;
  return {
    key: `new-${number}`,
    name: `check-${number}`,
    kind: "HEALTH",
    interval: "30s",
    count: "1",
    failureLimit: "0",
    inconclusiveLimit: "0",
    errorLimit: "4",
    spec: {},
  };
}

export function checksOf(stored: WrittenCheckFragment[]): Check[] {
  return stored.map(({ name, kind, interval, spec, ...counts }, index) => ({
    key: String(index),
    name,
    kind,
    interval,
    count: String(counts.count),
    failureLimit: String(counts.failureLimit),
    inconclusiveLimit: String(counts.inconclusiveLimit),
    errorLimit: String(counts.errorLimit),
    spec: spec as Spec,
  }));
}

/** What to request; null while a number cannot be read. */
export function checkInputs(checks: Check[]): CheckInput[] | null {
  const found = checks.map(checkInput);
  return found.includes(null) ? null : found.filter((one) => one !== null);
}

function checkInput({ name, kind, interval, spec, ...counts }: Check): CheckInput | null {
  const count = numberOf(counts.count);
  const failureLimit = numberOf(counts.failureLimit);
  const inconclusiveLimit = numberOf(counts.inconclusiveLimit);
  const errorLimit = numberOf(counts.errorLimit);
  if (
    count === undefined ||
    failureLimit === undefined ||
    inconclusiveLimit === undefined ||
    errorLimit === undefined
  )
    return null;
  const measured = { [kind.toLowerCase()]: kind === "HEALTH" ? true : spec };
  return { name, interval, count, failureLimit, inconclusiveLimit, errorLimit, ...measured };
}

/** A whole number, as it is written. */
export function numberOf(text: string): number | undefined {
  return /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}
