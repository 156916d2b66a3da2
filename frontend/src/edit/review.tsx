import { type ReactNode, useRef } from "react";
import type { Refusal } from "../api/outcome";
import type { PlannedFragment } from "../graphql";
import { Refused } from "../parts/states";
import { Plan } from "./plan";

/** What was planned, and for exactly which request: another request is not what the user has seen. */
export type Planned = { request: string; targets: PlannedFragment[] };

/** First the plan, then the deed. A change after the plan asks for another plan. */
export function Review({
  planned,
  request,
  broken,
  fetching,
  refusal,
  plan,
  perform,
  verb,
  children,
}: {
  planned: Planned | null;
  request: string | null;
  broken: string[];
  fetching: boolean;
  refusal: Refusal | null;
  plan: () => void;
  perform: () => void;
  verb: string;
  children?: ReactNode;
}) {
  const isCurrent = planned !== null && planned.request === request;
  const errors = planned?.targets.flatMap((target) => target.error?.code ?? []) ?? [];
  // A cluster that can't be asked now follows when it is back; what another refuses would fail there.
  const fails = errors.some((code) => code !== "cluster_unreachable");
  const shown = useRef<HTMLDivElement>(null);
  return (
    <div className="stack" ref={shown}>
      {broken.length > 0 && (
        <div className="note warn" role="alert">
          {broken.map((name) => (name ? `The override for ${name}` : "The common values")).join(" and ")}{" "}
          can't be read as values yet.
        </div>
      )}
      <Refused refusal={refusal} />
      {children}
      {planned && isCurrent && <Plan targets={planned.targets} />}
      {planned && !isCurrent && (
        <div className="note warn" role="status">
          You have changed something since the plan was made. Make it again before it is done.
        </div>
      )}
      <div className="row deed">
        <button
          type="button"
          className={`button ${isCurrent ? "" : "first"}`}
          disabled={!request || fetching}
          onClick={plan}
        >
          {fetching && !isCurrent ? "Asking every cluster…" : isCurrent ? "Plan again" : "Show the plan"}
        </button>
        <button
          type="button"
          className="button first"
          disabled={!isCurrent || fails || fetching}
          onClick={perform}
        >
          {verb}
        </button>
        <span className="soft small">
          {isCurrent
            ? fails
              ? "A cluster refuses it: see above."
              : errors.length > 0
                ? "Clusters that can't be reached follow when they are back."
                : "What you see is what is done."
            : "Nothing is changed by a plan."}
        </span>
      </div>
    </div>
  );
}
