import { useMemo } from "react";
import type { Json } from "../json";
import { type Count, Counts } from "../parts/counts";
import { Mark } from "../parts/status";
import { cancelStepsOf, type Step, stepsOf } from "./steps";

/** What a run has made of a definition: by the path of a step, its states with their counts. */
export type Progress = {
  counts: ReadonlyMap<string, Count[]>;
  chosen: string | null;
  choose: (path: string) => void;
};

/** The steps of a definition, and those that run if a run of it is cancelled. */
export function DefinitionGraph({
  definition,
  name,
  progress,
}: {
  definition: Json;
  name: string;
  progress?: Progress;
}) {
  const [steps, onCancel] = useMemo(() => [stepsOf(definition), cancelStepsOf(definition)], [definition]);
  return (
    <section className="card padded stack" aria-label="Steps">
      <StepGraph ranks={steps} label={`Steps of ${name}`} progress={progress} />
      {onCancel.length > 0 && (
        <div className="on-failure stack tight">
          <p className="soft small">If the run is cancelled</p>
          <StepGraph ranks={onCancel} label={`Steps if ${name} is cancelled`} progress={progress} />
        </div>
      )}
    </section>
  );
}

/** The steps of a workflow or of a group from top to bottom; those that can run at the same time are beside each other. */
function StepGraph({ ranks, label, progress }: { ranks: Step[][]; label: string; progress?: Progress }) {
  return (
    <ol className="ranks" aria-label={label}>
      {ranks.map((rank) => (
        <li key={rank[0]!.name} className="rank">
          {rank.map((step) => (
            <StepBox key={step.path} step={step} progress={progress} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function StepBox({ step, progress }: { step: Step; progress: Progress | undefined }) {
  const { name, path, type, isParallel, notes, after, steps, onFailure } = step;
  const counts = progress?.counts.get(path);
  return (
    <section
      className={`step stack tight ${progress?.chosen === path ? "chosen" : ""}`.trim()}
      aria-label={name}
      data-state={counts?.map(({ key }) => key).join(" ")}
    >
      <div className="row apart">
        {progress && counts ? (
          <button
            type="button"
            className="link"
            aria-pressed={progress.chosen === path}
            onClick={() => progress.choose(path)}
          >
            <b className="wrap">{name}</b>
          </button>
        ) : (
          <b className="wrap">{name}</b>
        )}
        <span className="soft small">{type ?? (isParallel ? "in parallel" : "group")}</span>
      </div>
      {counts && <States name={name} counts={counts} />}
      {after.length > 0 && <p className="soft small">After {after.join(", ")}</p>}
      {notes.map((note) => (
        <p key={note} className="soft small wrap">
          {note}
        </p>
      ))}
      {steps.length > 0 && <StepGraph ranks={steps} label={`Steps of ${name}`} progress={progress} />}
      {onFailure.length > 0 && (
        <div className="on-failure stack tight">
          <p className="soft small">If it fails</p>
          <StepGraph ranks={onFailure} label={`Steps if ${name} fails`} progress={progress} />
        </div>
      )}
    </section>
  );
}

function States({ name, counts }: { name: string; counts: Count[] }) {
  const [first, ...others] = counts;
  if (first && others.length === 0 && first.count === 1) {
    return (
      <span className="small">
        <Mark of={[first.tone, first.shape, first.words]} />
      </span>
    );
  }
  return <Counts label={`States of ${name}`} counts={counts} />;
}
