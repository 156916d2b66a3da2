import { useState } from "react";
import { needs } from "../parts/permission";
import { Mark } from "../parts/status";
import { Ago, Moment, Since } from "../parts/time";
import { span } from "../values/words";
import { RunLog } from "./log";
import { Repeat } from "./repeat";
import { templateOf } from "./steps";
import type { Run, StepRun, Viewer } from "./types";
import { STEPS, waitMark } from "./words";

/** A step of the definition in a run: each of its items, with inputs, outputs, errors and logs. */
export function StepRuns({ run, path, viewer }: { run: Run; path: string; viewer: Viewer }) {
  const steps = run.steps.nodes.filter((step) => templateOf(step.path) === path);
  return (
    <section className="stack" aria-label={`Step ${path}`}>
      <h2 className="wrap">{path}</h2>
      {steps.map((step) => (
        <StepCard key={step.path} run={run} step={step} viewer={viewer} isOpen={steps.length === 1} />
      ))}
    </section>
  );
}

function StepCard({
  run,
  step,
  viewer,
  isOpen,
}: {
  run: Run;
  step: StepRun;
  viewer: Viewer;
  isOpen: boolean;
}) {
  const [isRepeating, setRepeating] = useState(false);
  const cannotStart = needs(viewer.permissions, "workflows.start");
  const { path, state, attempts, executions, startedAt, endedAt, dueAt, waitsFor, waitsUntil, error } = step;
  return (
    <details className="card padded stack" open={isOpen}>
      <summary>
        <b className="wrap">{path}</b> <Mark of={waitsFor ? waitMark(waitsFor) : STEPS[state]} />
      </summary>
      <dl className="facts">
        <div>
          <dt>Started</dt>
          <dd>
            <Ago at={startedAt} />
          </dd>
        </div>
        <div>
          <dt>Duration</dt>
          <dd>
            {endedAt ? span((Date.parse(endedAt) - Date.parse(startedAt)) / 1000) : <Since at={startedAt} />}
          </dd>
        </div>
        {attempts > 1 && (
          <div>
            <dt>Attempts</dt>
            <dd>{attempts}</dd>
          </div>
        )}
        {executions > 1 && (
          <div>
            <dt>Executions of the last attempt</dt>
            <dd>{executions}, because a worker stopped</dd>
          </div>
        )}
        {state === "RETRYING" && dueAt && (
          <div>
            <dt>Next attempt</dt>
            <dd>
              <Moment at={dueAt} />
            </dd>
          </div>
        )}
        {waitsUntil && (
          <div>
            <dt>Waits until</dt>
            <dd>
              <Moment at={waitsUntil} />
            </dd>
          </div>
        )}
      </dl>
      {error && (
        <p className="wrap">
          <b>{error.code}</b>: {error.message}
        </p>
      )}
      {step.inputs !== null && <Data name="Inputs" value={step.inputs} />}
      {step.outputs !== null && <Data name="Outputs" value={step.outputs} />}
      {attempts > 0 && <RunLog run={run.id} path={path} />}
      {run.state !== "RUNNING" && !/\.on(Failure|Cancel)\//.test(path) && (
        <div className="row">
          <button
            type="button"
            className="button slim"
            disabled={!!cannotStart}
            title={cannotStart}
            onClick={() => setRepeating(true)}
          >
            Rerun from here<span className="hidden"> ({path})</span>
          </button>
        </div>
      )}
      {isRepeating && <Repeat run={run} path={path} close={() => setRepeating(false)} />}
    </details>
  );
}

function Data({ name, value }: { name: string; value: unknown }) {
  return (
    <details>
      <summary>{name}</summary>
      <pre className="code">{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}
