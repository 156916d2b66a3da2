import { useEffect, useRef } from "react";
import type { Refusal } from "../api/outcome";
import { Refused } from "../parts/states";
import type { Wanted } from "./draft";
import { Plan } from "./plan";
import type { Planning } from "./planning";

/** First the plan, then the deed. A change after the plan asks for another plan. */
export function Review({
  planning,
  wanted,
  defaultValues,
  fetching,
  refusal,
  perform,
  verb,
}: {
  planning: Planning;
  wanted: Wanted | { broken: string[] };
  defaultValues: string;
  fetching: boolean;
  refusal: Refusal | null;
  perform: () => void;
  verb: string;
}) {
  const { targets, made, isOutdated, isPossible, plan } = planning;
  const answer = useRef<HTMLDivElement>(null);
  // What was asked for comes above the buttons, which stay where they are and would hide it.
  useEffect(() => {
    if (!made && !refusal) return;
    answer.current?.scrollIntoView();
    answer.current?.focus({ preventScroll: true });
  }, [made, refusal]);
  const errors = targets?.flatMap((target) => target.error?.code ?? []) ?? [];
  // A cluster that can't be asked now follows when it is back; what another refuses would fail there.
  const fails = errors.some((code) => code !== "cluster_unreachable");
  const broken = "broken" in wanted ? wanted.broken : [];
  return (
    <div className="stack">
      {broken.length > 0 && (
        <div className="note warn" role="alert">
          {broken.map((name) => (name ? `The override for ${name}` : "The common values")).join(" and ")}{" "}
          can't be read as values yet, or have half a reference to a secret.
        </div>
      )}
      <div className="answer stack" ref={answer} tabIndex={-1}>
        <Refused refusal={refusal} />
        {targets && !("broken" in wanted) && (
          <Plan targets={targets} wanted={wanted} defaultValues={defaultValues} />
        )}
      </div>
      {isOutdated && (
        <div className="note warn" role="status">
          You have changed something since the plan was made. Make it again before it is done.
        </div>
      )}
      <div className="row deed">
        <button
          type="button"
          className={`button ${targets ? "" : "first"}`}
          disabled={!isPossible || fetching}
          onClick={plan}
        >
          {fetching && !targets ? "Asking every cluster…" : targets ? "Plan again" : "Show the plan"}
        </button>
        <button
          type="button"
          className="button first"
          disabled={!targets || fails || fetching}
          onClick={perform}
        >
          {verb}
        </button>
        <span className="soft small">
          {targets
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
