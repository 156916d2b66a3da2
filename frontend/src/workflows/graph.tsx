import type { Step } from "./steps";

/** The steps of a workflow or of a group from top to bottom; those that can run at the same time are beside each other. */
export function StepGraph({ ranks, label }: { ranks: Step[][]; label: string }) {
  return (
    <ol className="ranks" aria-label={label}>
      {ranks.map((rank) => (
        <li key={rank[0]!.name} className="rank">
          {rank.map((step) => (
            <StepBox key={step.path} step={step} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function StepBox({ step }: { step: Step }) {
  const { name, type, isParallel, notes, after, steps, onFailure } = step;
  return (
    <section className="step stack tight" aria-label={name}>
      <div className="row apart">
        <b className="wrap">{name}</b>
        <span className="soft small">{type ?? (isParallel ? "in parallel" : "group")}</span>
      </div>
      {after.length > 0 && <p className="soft small">After {after.join(", ")}</p>}
      {notes.map((note) => (
        <p key={note} className="soft small wrap">
          {note}
        </p>
      ))}
      {steps.length > 0 && <StepGraph ranks={steps} label={`Steps of ${name}`} />}
      {onFailure.length > 0 && (
        <div className="on-failure stack tight">
          <p className="soft small">If it fails</p>
          <StepGraph ranks={onFailure} label={`Steps if ${name} fails`} />
        </div>
      )}
    </section>
  );
}
