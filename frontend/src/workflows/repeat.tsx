import { useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { RerunFromDocument, RetryFailedDocument, type WorkflowRerunMode } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { toast } from "../parts/toast";
import type { Run } from "./types";
import { runPath } from "./words";

/** Repeats a run that has ended: from a step on or, without one, where it has failed. */
export function Repeat({ run, path, close }: { run: Run; path: string | null; close: () => void }) {
  const [, go] = useLocation();
  const [mode, setMode] = useState<WorkflowRerunMode>("NEW_RUN");
  const rerun = useAction(RerunFromDocument, "WorkflowRunPayload");
  const retry = useAction(RetryFailedDocument, "WorkflowRunPayload");
  async function submit() {
    const repeated =
      path === null
        ? await retry.send({ input: { run: run.id, mode } })
        : await rerun.send({ input: { run: run.id, step: path, mode } });
    if (!repeated) return;
    toast(mode === "NEW_RUN" ? `A new run of ${run.workflowId} started.` : "The run continues.");
    close();
    go(runPath(repeated.run.id));
  }
  const choices: [WorkflowRerunMode, string][] = [
    ["NEW_RUN", "in a new run, which keeps the results of the steps before"],
    ["SAME_RUN", "in this run, whose later results are replaced"],
  ];
  return (
    <FormDialog
      title={path === null ? "Retry the failed steps" : `Rerun from ${path}`}
      verb={path === null ? "Retry" : "Rerun"}
      disabled={rerun.fetching || retry.fetching}
      refusal={rerun.refusal ?? retry.refusal}
      submit={submit}
      close={close}
    >
      <fieldset className="stack tight">
        <legend className="label">The steps are repeated</legend>
        {choices.map(([value, words]) => (
          <label key={value} className="check">
            <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
            {words}
          </label>
        ))}
      </fieldset>
    </FormDialog>
  );
}
