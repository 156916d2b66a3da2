import { useEffect, useRef, useState } from "react";
import type { Refusal } from "../api/outcome";
import type { PlanDeploymentInput } from "../graphql";
import { Typed } from "../parts/dialog";
import { countOf, DespiteErrors, someOf } from "../parts/errors";
import { RefusalNote } from "../parts/states";
import { type Draft, ROLLOUT, TARGETS, type Wanted } from "./draft";
import { progressWords } from "./following";
import { Plan } from "./plan";
import type { Planning } from "./planning";
import { useStoring } from "./storing";

/** First the plan, then the deed. A change after the plan asks for another plan. */
export function Review({
  planning,
  wanted,
  defaultValues,
  fetching,
  refusal,
  perform,
  store,
  change,
  verb,
}: {
  planning: Planning;
  wanted: Wanted | { broken: string[] };
  defaultValues: string;
  fetching: boolean;
  refusal: Refusal | null;
  /** Takes how many targets are removed, where any are. */
  perform: (removed: number | null) => void;
  /** The request whose plan can be stored; null while it is not complete. */
  store: PlanDeploymentInput | null;
  change: (changes: Partial<Draft>) => void;
  verb: string;
}) {
  const { targets, notices, warnings, removal, made, isOutdated, isPossible, progress, plan } = planning;
  const storing = useStoring();
  const shownRefusal = refusal ?? planning.refusal ?? storing.refusal;
  const isBusy = fetching || progress !== null || storing.fetching;
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
      <Removable planning={planning} wanted={wanted} change={change} />
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
        <button
          type="button"
          className="button"
          disabled={!targets || !store || isBusy}
          title="Others can see a stored plan, comment on it, and approve it."
          onClick={() => store && storing.store(store)}
        >
          {storing.progress ? progressWords(storing.progress) : "Store this plan"}
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

/** Asks for the consent to remove versions in use from CRDs, which is part of the request: another plan shows its effect. */
function Removable({
  planning,
  wanted,
  change,
}: {
  planning: Planning;
  wanted: Wanted | { broken: string[] };
  change: (changes: Partial<Draft>) => void;
}) {
  const allowed = "broken" in wanted ? [] : wanted.allowCrdVersionRemoval;
  const found = planning.made?.plan.targets.flatMap((target) => target.definitionChanges) ?? [];
  const removing = found.filter((one) => one.removedVersions.length > 0).map((one) => one.name);
  const names = [...new Set([...removing, ...allowed])].sort();
  return names.map((name) => (
    <label key={name} className="check note warn">
      <input
        type="checkbox"
        checked={allowed.includes(name)}
        onChange={(event) =>
          change({
            allowCrdVersionRemoval: event.target.checked
              ? [...allowed, name]
              : allowed.filter((one) => one !== name),
          })
        }
      />
      Allow this change to remove versions in use from {name}
    </label>
  ));
}

/** The name of a part of a draft. Keys of overrides by selector are `/1`, `/2`, …. */
function nameOf(part: string): string {
  if (part === TARGETS) return "the target selector";
  if (part === ROLLOUT) return "a wave of the rollout";
  if (part.startsWith("/")) return "an override by selector";
  return part
    ? `the references to secrets in the override for ${part}`
    : "the references to secrets in the values";
}
