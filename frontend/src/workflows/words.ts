import type {
  WorkflowRunLineFragment,
  WorkflowRunState,
  WorkflowStepState,
  WorkflowWaitKind,
} from "../graphql";
import type { Shape, Tone } from "../parts/glyph";

type Marked = [Tone, Shape, string];

export const STEPS: Record<WorkflowStepState, Marked> = {
  RUNNING: ["busy", "up", "Running"],
  RETRYING: ["warn", "back", "Waiting for the next attempt"],
  FAILING: ["bad", "cross", "Failed; steps for the failure run"],
  SUCCEEDED: ["good", "check", "Succeeded"],
  FAILED: ["bad", "cross", "Failed"],
  SKIPPED: ["none", "gone", "Skipped"],
  CANCELLED: ["none", "minus", "Cancelled"],
};

const RUNS: Record<WorkflowRunState, Marked> = {
  RUNNING: ["busy", "up", "Running"],
  SUCCEEDED: ["good", "check", "Succeeded"],
  FAILED: ["bad", "cross", "Failed"],
  CANCELLED: ["none", "minus", "Cancelled"],
};

const WAITS: Record<WorkflowWaitKind, string> = {
  SLEEP: "Waiting",
  SIGNAL: "Waiting for a signal",
  APPROVAL: "Waiting for an approval",
  RESULT: "Waiting for a result from outside",
  RUN: "Waiting for a run",
};

export function markOf({ state, isCancelling, waiting }: WorkflowRunLineFragment): Marked {
  if (state !== "RUNNING") return RUNS[state];
  if (isCancelling) return ["busy", "minus", "Cancelling"];
  const kinds = new Set(waiting.map(({ waitsFor }) => waitsFor));
  for (const kind of ["APPROVAL", "SIGNAL", "RESULT", "RUN", "SLEEP"] as const)
    if (kinds.has(kind)) return waitMark(kind);
  return RUNS.RUNNING;
}

export const waitMark = (kind: WorkflowWaitKind): Marked => ["busy", "hollow", WAITS[kind]];

export const runPath = (id: string): string => `/workflow-runs/${encodeURIComponent(id)}`;
