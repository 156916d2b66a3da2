import { useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { StartWorkflowDocument } from "../graphql";
import type { Json } from "../json";
import { FormDialog } from "../parts/dialog";
import { TextField } from "../parts/text-field";
import { toast } from "../parts/toast";
import { ParameterFields, withoutParameters } from "./parameter-fields";
import { parametersOf, valuesOf } from "./parameters";
import { runPath } from "./words";

/** Starts a run of a workflow. The fields follow from the schema of its parameters. */
export function StartForm({
  name,
  definition,
  close,
}: {
  name: string;
  definition: Json;
  close: () => void;
}) {
  const organization = useOrganization();
  const [, go] = useLocation();
  const { send, fetching, refusal } = useAction(StartWorkflowDocument, "WorkflowRunPayload");
  const parameters = parametersOf(definition);
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [workflowId, setWorkflowId] = useState("");

  async function submit() {
    const values = valuesOf(parameters, texts);
    const given = { organization, workflow: name, parameters: values, workflowId: workflowId.trim() || null };
    const started = await send({ input: { ...given, onConflict: "REFUSE" } });
    if (!started) return;
    toast(`Run ${started.run.workflowId} started.`);
    go(runPath(started.run.id));
  }

  return (
    <FormDialog
      title={`Run ${name}`}
      verb="Run"
      disabled={fetching}
      refusal={withoutParameters(refusal, parameters)}
      submit={submit}
      close={close}
    >
      <ParameterFields parameters={parameters} texts={texts} change={setTexts} refusal={refusal} />
      <TextField
        id="workflow-id"
        label="Workflow ID"
        hint="What the run is about. At most one run with an ID is in progress. Optional."
        value={workflowId}
        change={setWorkflowId}
      />
    </FormDialog>
  );
}
