import type { DriftState, Health, OperationState, Reachability, TargetStatus } from "../graphql";
import { driftWords, HEALTH_WORDS, STATUS_WORDS } from "../values/words";
import {
  Glyph,
  ofCluster,
  ofDrift,
  ofHealth,
  ofOperation,
  type Shape,
  shapeOf,
  type Tone,
  toneOf,
} from "./glyph";

export function Status({ status, pill }: { status: TargetStatus; pill?: boolean }) {
  return (
    <span className={`status tone-${toneOf(status)} ${pill ? "pill" : ""}`}>
      <Glyph shape={shapeOf(status)} />
      {STATUS_WORDS[status]}
    </span>
  );
}

export function HealthMark({ health }: { health: Health }) {
  const [tone, shape] = ofHealth(health);
  return (
    <span className={`status tone-${tone}`} data-health={health}>
      <Glyph shape={shape} />
      {HEALTH_WORDS[health]}
    </span>
  );
}

export function DriftMark({ drift }: { drift: DriftState }) {
  const [tone, shape] = ofDrift(drift);
  return (
    <span className={`status tone-${tone}`} data-drift={drift}>
      <Glyph shape={shape} />
      {driftWords(drift)}
    </span>
  );
}

export function ReachabilityMark({ reachability }: { reachability: Reachability }) {
  return <Mark of={ofCluster(reachability)} />;
}

export function Progress({ state }: { state: OperationState }) {
  return <Mark of={ofOperation(state)} />;
}

/** A state in words, with its shape. */
export function Mark({ of: [tone, shape, words] }: { of: [Tone, Shape, string] }) {
  return (
    <span className={`status tone-${tone}`}>
      <Glyph shape={shape} />
      {words}
    </span>
  );
}
