import { useEffect, useRef, useState } from "react";
import type { Refusal } from "../api/outcome";
import { Typed } from "../parts/dialog";
import { countOf, DespiteErrors, someOf } from "../parts/errors";
import { RefusalNote } from "../parts/states";
import { TARGETS, type Wanted } from "./draft";
import { progressWords } from "./following";
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
  /** Takes how many targets are removed, where any are. */
  perform: (removed: number | null) => void;
  verb: string;
}) {
  const { targets, notices, warnings, removal, made, isOutdated, isPossible, progress, plan } = planning;
  const shownRefusal = refusal ?? planning.refusal;
  const isBusy = fetching || progress !== null;
  const [despite, setDespite] = useState(false);
  const [typed, setTyped] = useState("");
  const answer = useRef<HTMLDivElement>(null);
  // The requested plan is shown above the buttons, which stay at the bottom and could hide it.
  useEffect(() => {
    if (!made && !shownRefusal) return;
    answer.current?.scrollIntoView();
    answer.current?.focus({ preventScroll: true });
  }, [made, shownRefusal]);
  // A confirmation applies only to the plan that was shown at the time.
  useEffect(() => {
    setDespite(false);
    setTyped("");
  }, [made]);
  const errors = targets?.filter((target) => target.error).length ?? 0;
  const isConfirmed = !removal?.needsConfirmation || typed.trim() === String(removal.count);
  const broken = "broken" in wanted ? wanted.broken : [];
  return (
    <div className="stack">
      {broken.length > 0 && (
        <div className="note warn" role="alert">
          Incomplete: {broken.map(nameOf).join(", ")}.
        </div>
      )}
      <div className="answer stack" ref={answer} tabIndex={-1}>
        <RefusalNote refusal={shownRefusal} />
        {notices.map((notice) => (
          <p key={notice.code} className="note warn" role="status">
            {notice.message}
          </p>
        ))}
        {targets && !("broken" in wanted) && (
          <>
            {warnings.map(({ message }) => (
              <p key={message} className="note warn" role="status">
                {message}
              </p>
            ))}
            <Plan targets={targets} wanted={wanted} defaultValues={defaultValues} />
          </>
        )}
      </div>
      {isOutdated && (
        <div className="note warn" role="status">
          The input has changed since the plan was created. Create the plan again before applying it.
        </div>
      )}
      {targets && errors > 0 && <DespiteErrors count={errors} checked={despite} change={setDespite} />}
      {removal?.needsConfirmation && (
        <div className="note warn">
          <div className="stack tight">
            <p>
              The release is uninstalled from {countOf(removal.count)}: {someOf(removal.clusters)}.
            </p>
            <Typed expected={String(removal.count)} typed={typed} change={setTyped} />
          </div>
        </div>
      )}
      <div className="row deed">
        <button
          type="button"
          className={`button ${targets ? "" : "first"}`}
          disabled={!isPossible || isBusy}
          onClick={plan}
        >
          {progress
            ? progressWords(progress)
            : fetching && !targets
              ? "Contacting every cluster…"
              : targets
                ? "Plan again"
                : "Show the plan"}
        </button>
        <button
          type="button"
          className="button first"
          disabled={!targets || (errors > 0 && !despite) || !isConfirmed || isBusy}
          onClick={() => perform(removal?.count || null)}
        >
          {verb}
        </button>
        <span className="soft small">
          {targets
            ? errors > 0
              ? "The plan has errors: see above."
              : "Apply makes exactly these changes."
            : "Creating a plan changes nothing."}
        </span>
      </div>
    </div>
  );
}

/** The name of a part of a draft. Keys of overrides by selector are `/1`, `/2`, …. */
function nameOf(part: string): string {
  if (part === TARGETS) return "the target selector";
  if (part.startsWith("/")) return "an override by selector";
  return part
    ? `the references to secrets in the override for ${part}`
    : "the references to secrets in the values";
}
