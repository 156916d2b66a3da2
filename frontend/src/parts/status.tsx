import type { OperationState, Reachability, TargetStatus } from "../graphql";
import { STATUS_WORDS } from "../values/words";
import { Glyph, ofCluster, ofOperation, shapeOf, toneOf } from "./glyph";

export function Status({ status, pill }: { status: TargetStatus; pill?: boolean }) {
  return (
    <span className={`status tone-${toneOf(status)} ${pill ? "pill" : ""}`}>
      <Glyph shape={shapeOf(status)} />
      {STATUS_WORDS[status]}
    </span>
  );
}

export function Reached({ reachability }: { reachability: Reachability }) {
  const [tone, shape, words] = ofCluster(reachability);
  return (
    <span className={`status tone-${tone}`}>
      <Glyph shape={shape} />
      {words}
    </span>
  );
}

export function Progress({ state }: { state: OperationState }) {
  const [tone, shape, words] = ofOperation(state);
  return (
    <span className={`status tone-${tone}`}>
      <Glyph shape={shape} />
      {words}
    </span>
  );
}
