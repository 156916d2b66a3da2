import type { OnNewerGeneration, Role, RolloutEnding, RolloutStrategyInput, ToEditQuery } from "../graphql";
import { asConditions, type Conditions, EVERY, selectorOf } from "../values/selectors";
import { type Check, checkInputs, checksOf, numberOf } from "./checks";

/** The most targets that a wave takes: all that it may, a number, or a percentage of all targets. */
export type Size = "all" | "count" | "percent";

export type Approvals = { required: string; role: Role | ""; validFor: string };

/** The limits of a wave, as texts that the server reads. */
export type Limits = {
  maxConcurrent: string;
  maxFailures: string;
  maxDeferred: string;
  soak: string;
  deadline: string;
  minReady: string;
};

/** One wave. Without conditions, it may take every target. `key` stays the same while it is edited. */
export type Wave = Limits & {
  key: string;
  name: string;
  size: Size;
  amount: string;
  conditions: Conditions | null;
  approvals: Approvals | null;
  checksBefore: Check[];
  checks: Check[];
};

/** How changes reach the targets: all at once if there are no waves. */
export type Strategy = {
  waves: Wave[];
  maxUnavailable: string;
  onNewer: OnNewerGeneration;
  rollBackOn: RolloutEnding[];
};

type Stored = NonNullable<NonNullable<ToEditQuery["deployment"]>["strategy"]>;

export const AT_ONCE: Strategy = {
  waves: [],
  maxUnavailable: "100%",
  onNewer: "SUPERSEDE",
  rollBackOn: ["CHECK_FAILED"],
};

export const ONE_APPROVAL: Approvals = { required: "1", role: "", validFor: "7d" };

const LIMITS: Limits = {
  maxConcurrent: "100%",
  maxFailures: "0",
  maxDeferred: "10%",
  soak: "0s",
  deadline: "15m",
  minReady: "10s",
};

/** A wave that takes all targets, with another name than these. */
export function newWave(waves: Wave[]): Wave {
  let number = waves.length + 1;
  while (waves.some(({ name, key }) => name === `wave-${number}` || key === `new-${number}`)) number++;
  const name = `wave-${number}`;
  return {
    ...LIMITS,
    key: `new-${number}`,
    name,
    size: "all",
    amount: "",
    conditions: null,
    approvals: null,
    checksBefore: [],
    checks: [],
  };
}

/** The strategy of a deployment, as it is edited. */
export function strategyOf(stored: Stored | null): Strategy {
  if (!stored) return AT_ONCE;
  const { maxUnavailable, onNewer, rollBackOn } = stored;
  return { waves: stored.waves.map(waveOf), maxUnavailable, onNewer, rollBackOn };
}

function waveOf(stored: Stored["waves"][number], index: number): Wave {
  const { name, approvals, size, select } = stored;
  const conditions = asConditions(select);
  return {
    ...limitsOf(stored),
    key: String(index),
    name,
    size: size === "100%" ? "all" : size.endsWith("%") ? "percent" : "count",
    amount: size === "100%" ? "" : size.replace("%", ""),
    conditions: Object.values(conditions).some(Boolean) ? conditions : null,
    approvals: approvals && {
      required: String(approvals.required),
      role: approvals.role ?? "",
      validFor: approvals.validFor,
    },
    checksBefore: checksOf(stored.checksBefore),
    checks: checksOf(stored.checks),
  };
}

/** What to request; null while a number or a selector cannot be read. The server checks all else. */
export function strategyInput(strategy: Strategy): RolloutStrategyInput | null {
  const { maxUnavailable, onNewer, rollBackOn } = strategy;
  const waves = strategy.waves.map(waveInput);
  return waves.includes(null)
    ? null
    : { waves: waves.filter((wave) => wave !== null), maxUnavailable, onNewer, rollBackOn };
}

function waveInput(wave: Wave): RolloutStrategyInput["waves"][number] | null {
  const { name, size, amount, conditions, approvals } = wave;
  const read = selectorOf(conditions ?? EVERY);
  const most = size === "all" ? null : numberOf(amount);
  const required = approvals && numberOf(approvals.required);
  const before = checkInputs(wave.checksBefore);
  const checks = checkInputs(wave.checks);
  if ("problem" in read || most === undefined || required === undefined || !before || !checks) return null;
  const approval =
    approvals && required !== null
      ? [{ approval: { required, role: approvals.role || null, validFor: approvals.validFor } }]
      : [];
  return {
    ...limitsOf(wave),
    name,
    select: read.selector,
    count: size === "count" ? most : null,
    percent: size === "percent" ? most : null,
    before: [...approval, ...before.map((check) => ({ check }))],
    checks,
  };
}

/** Nothing but the limits: what the cache gives has more. */
function limitsOf({ maxConcurrent, maxFailures, maxDeferred, soak, deadline, minReady }: Limits): Limits {
  return { maxConcurrent, maxFailures, maxDeferred, soak, deadline, minReady };
}
