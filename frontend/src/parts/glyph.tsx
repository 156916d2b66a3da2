import type { ReactNode } from "react";
import type { DriftState, Health, OperationState, Reachability, TargetStatus } from "../graphql";

export type Tone = "good" | "warn" | "bad" | "busy" | "none" | "unsure";

const solid = { fill: "currentColor", stroke: "none" };
const cutout = { fill: "none", stroke: "var(--cutout, var(--surface))", strokeWidth: 1.8 };

/** A shape for each meaning, so that no status is shown by its color alone. */
const SHAPES = {
  check: (
    <>
      <circle cx="8" cy="8" r="7" {...solid} />
      <path d="m5 8.2 2.1 2.1L11.2 6" {...cutout} />
    </>
  ),
  warning: (
    <>
      <path d="M8 1.2 15.4 14H.6Z" {...solid} />
      <path d="M8 6v3.6M8 11.6v.2" {...cutout} />
    </>
  ),
  cross: (
    <>
      <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" {...solid} />
      <path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" {...cutout} />
    </>
  ),
  question: (
    <>
      <path d="M8 .6 15.4 8 8 15.4.6 8Z" {...solid} />
      <path d="M6.4 6.6a1.7 1.7 0 1 1 2.6 1.5c-.7.4-1 .8-1 1.4M8 11.4v.2" {...cutout} strokeWidth={1.5} />
    </>
  ),
  hollow: <circle cx="8" cy="8" r="6.2" strokeDasharray="2.4 2.2" />,
  plus: (
    <>
      <circle cx="8" cy="8" r="6.2" />
      <path d="M8 5v6M5 8h6" />
    </>
  ),
  up: (
    <>
      <circle cx="8" cy="8" r="6.2" />
      <path d="M8 11.2V5M5.4 7.4 8 4.8l2.6 2.6" />
    </>
  ),
  back: (
    <>
      <circle cx="8" cy="8" r="6.2" />
      <path d="M11.2 8H5M7.4 5.4 4.8 8l2.6 2.6" />
    </>
  ),
  minus: (
    <>
      <circle cx="8" cy="8" r="6.2" />
      <path d="M5 8h6" />
    </>
  ),
  gone: (
    <>
      <circle cx="8" cy="8" r="6.2" strokeDasharray="2.4 2.2" />
      <path d="m3.8 12.2 8.4-8.4" />
    </>
  ),
  layers: (
    <>
      <rect x="2" y="5" width="9" height="9" rx="1.5" />
      <path d="M5.5 2H12a2 2 0 0 1 2 2v6.5" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type Shape = keyof typeof SHAPES;

const OF_TARGETS: Record<TargetStatus, [Tone, Shape]> = {
  DEPLOYED: ["good", "check"],
  STALE: ["warn", "warning"],
  FAILED: ["bad", "cross"],
  UNKNOWN: ["unsure", "question"],
  NOT_INSTALLED: ["none", "hollow"],
  PENDING_INSTALL: ["busy", "plus"],
  PENDING_UPGRADE: ["busy", "up"],
  PENDING_ROLLBACK: ["busy", "back"],
  DELETING: ["busy", "minus"],
  DELETED: ["none", "gone"],
  SUPERSEDED: ["none", "layers"],
};

const OF_CLUSTERS: Record<Reachability, [Tone, Shape, string]> = {
  REACHABLE: ["good", "check", "Reachable"],
  UNREACHABLE: ["unsure", "question", "Unreachable"],
  UNAUTHORIZED: ["bad", "cross", "Unauthorized"],
  MISMATCHED: ["bad", "cross", "Another cluster"],
  PENDING: ["busy", "hollow", "Not contacted yet"],
};

const OF_HEALTH: Record<Health, [Tone, Shape]> = {
  HEALTHY: ["good", "check"],
  PROGRESSING: ["busy", "up"],
  DEGRADED: ["bad", "cross"],
  SUSPENDED: ["none", "minus"],
  MISSING: ["bad", "hollow"],
  TERMINATING: ["busy", "gone"],
  UNKNOWN: ["unsure", "question"],
};

const OF_DRIFT: Record<string, [Tone, Shape]> = {
  OFF: ["none", "minus"],
  UNKNOWN: ["unsure", "question"],
  NONE: ["good", "check"],
  MISSING: ["bad", "hollow"],
  NOT_CHECKED: ["unsure", "question"],
};

const OF_OPERATIONS: Record<OperationState, [Tone, Shape, string]> = {
  PENDING: ["busy", "hollow", "Waiting"],
  RUNNING: ["busy", "up", "Running"],
  SUCCEEDED: ["good", "check", "Succeeded"],
  FAILED: ["bad", "cross", "Failed"],
  SUPERSEDED: ["none", "layers", "Superseded"],
  CANCELLED: ["none", "gone", "Cancelled"],
};

export const toneOf = (status: TargetStatus): Tone => OF_TARGETS[status][0];
export const shapeOf = (status: TargetStatus): Shape => OF_TARGETS[status][1];
export const ofHealth = (health: Health) => OF_HEALTH[health];
export const ofDrift = (state: DriftState): [Tone, Shape] => OF_DRIFT[state] ?? ["warn", "warning"];
export const ofCluster = (reachability: Reachability) => OF_CLUSTERS[reachability];
export const ofOperation = (state: OperationState) => OF_OPERATIONS[state];

export function Glyph({ shape, tone }: { shape: Shape; tone?: Tone }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={tone && `tone-${tone}`}
      style={tone && { color: "var(--tone)" }}
    >
      {SHAPES[shape]}
    </svg>
  );
}
