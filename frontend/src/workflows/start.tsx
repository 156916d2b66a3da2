import { useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { StartWorkflowDocument } from "../graphql";
import type { Json } from "../json";
import { OneOf } from "../parts/choice";
import { FormDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { TextField } from "../parts/text-field";
import { toast } from "../parts/toast";
import { givenOf, type Parameter, parametersOf } from "./parameters";
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
  const textOf = (parameter: Parameter) => texts[parameter.name] ?? parameter.initial;

  async function submit() {
    const values: Record<string, Json> = {};
    for (const parameter of parameters) {
      const value = givenOf(parameter, textOf(parameter));
      if (value !== undefined) values[parameter.name] = value;
    }
    const given = { organization, workflow: name, parameters: values, workflowId: workflowId.trim() || null };
    const started = await send({ input: { ...given, onConflict: "REFUSE" } });
    if (!started) return;
    toast(`Run ${started.run.workflowId} started.`);
    go(runPath(started.run.id));
  }

  const problemsOf = (parameter: string) =>
    (refusal?.problems ?? [])
      .filter(({ path }) => path[0] === "parameters" && path[1] === parameter)
      .map(({ path, message }) => [...path.slice(2), message].join(": "));
  const isElsewhere = refusal?.problems.every(({ path }) => problemsOf(path[1] ?? "").length === 0) ?? true;
  return (
    <FormDialog
      title={`Run ${name}`}
      verb="Run"
      disabled={fetching}
      refusal={isElsewhere ? refusal : refusal && { ...refusal, problems: [] }}
      submit={submit}
      close={close}
    >
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          text={textOf(parameter)}
          change={(text) => setTexts({ ...texts, [parameter.name]: text })}
          problems={problemsOf(parameter.name)}
        />
      ))}
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

function ParameterField({
  parameter: { name, kind, description, isRequired, choices },
  text,
  change,
  problems,
}: {
  parameter: Parameter;
  text: string;
  change: (text: string) => void;
  problems: string[];
}) {
  const notes = [
    description,
    kind === "yaml" && "In YAML or JSON.",
    !isRequired && kind !== "switch" && "Optional.",
  ];
  const hint = notes.filter(Boolean).join(" ") || undefined;
  return (
    <Field id={`parameter-${name}`} label={name} hint={hint} problems={problems}>
      {(props) => {
        if (kind === "switch") {
          return (
            <input
              {...props}
              className=""
              type="checkbox"
              checked={text === "true"}
              onChange={(event) => change(String(event.target.checked))}
            />
          );
        }
        if (kind === "choice") {
          return <OneOf id={props.id} names={choices} value={text} change={change} none="Not set" />;
        }
        if (kind === "yaml") {
          return (
            <textarea {...props} rows={3} value={text} onChange={(event) => change(event.target.value)} />
          );
        }
        return (
          <input
            {...props}
            inputMode={kind === "number" ? "decimal" : undefined}
            value={text}
            onChange={(event) => change(event.target.value)}
          />
        );
      }}
    </Field>
  );
}
