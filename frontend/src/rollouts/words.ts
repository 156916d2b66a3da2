import type {
  CheckVerdict,
  RolloutEnding,
  RolloutLineFragment,
  RolloutPhase,
  RolloutTargetState,
  WaveState,
} from "../graphql";
import type { Count } from "../parts/counts";
import type { Shape, Tone } from "../parts/glyph";

type Marked = [Tone, Shape, string];
type Counted = RolloutLineFragment["counts"];

export const PHASES: Record<RolloutPhase, Marked> = {
  RUNNING: ["busy", "up", "Running"],
  WAITING: ["busy", "hollow", "Waiting"],
  PAUSED: ["warn", "minus", "Paused"],
  SUCCEEDED: ["good", "check", "Succeeded"],
  FAILED: ["bad", "cross", "Failed"],
  ABORTED: ["none", "gone", "Aborted"],
  SUPERSEDED: ["none", "layers", "Superseded"],
  ROLLED_BACK: ["warn", "back", "Rolled back"],
};

export const WAVES: Record<WaveState, Marked> = {
  PENDING: ["none", "hollow", "Not started"],
  RUNNING: ["busy", "up", "Running"],
  SOAKING: ["busy", "minus", "Soaking"],
  CHECKING: ["busy", "question", "Checking"],
  PASSED: ["good", "check", "Passed"],
};

export const TARGETS: Record<RolloutTargetState, Marked> = {
  BEHIND: ["none", "hollow", "Not moved yet"],
  MOVING: ["busy", "up", "Moving"],
  SETTLING: ["busy", "plus", "Settling"],
  READY: ["good", "check", "Ready"],
  FAILED: ["bad", "cross", "Failed"],
  INCONCLUSIVE: ["unsure", "question", "Inconclusive"],
  DEFERRED: ["warn", "minus", "Deferred"],
  SKIPPED: ["none", "gone", "Skipped"],
  REVERTED: ["warn", "back", "Reverted"],
};

export const VERDICTS: Record<CheckVerdict, Marked> = {
  RUNNING: ["busy", "up", "Running"],
  PASSED: ["good", "check", "Passed"],
  FAILED: ["bad", "cross", "Failed"],
  INCONCLUSIVE: ["unsure", "question", "Inconclusive"],
  ERROR: ["warn", "warning", "Error"],
  CANCELLED: ["none", "gone", "Cancelled"],
};

export const ENDINGS: Record<RolloutEnding, string> = {
  TOO_MANY_FAILURES: "Too many targets failed.",
  BUDGET_USED_UP: "Failed targets use up the whole budget.",
  CHECK_FAILED: "A check failed.",
  REJECTED: "A wave was rejected.",
};

const ACTIVE: RolloutPhase[] = ["RUNNING", "WAITING"];
export const isActive = (phase: RolloutPhase): boolean => ACTIVE.includes(phase);
export const isOpen = (phase: RolloutPhase): boolean => isActive(phase) || phase === "PAUSED";

/** The targets by state, as they are shown. */
export const ofStates = (counts: Counted): Count[] =>
  counts.map(({ state, count }) => {
    const [tone, shape, words] = TARGETS[state];
    return { key: state, count, tone, shape, words };
  });

/** How many of all targets are ready, in words. */
export function readyOf(counts: Counted): string {
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  const ready = counts.find(({ state }) => state === "READY")?.count ?? 0;
  return `${ready} of ${all} targets ready`;
}

export const rolloutPath = (id: string): string => `/rollouts/${encodeURIComponent(id)}`;
