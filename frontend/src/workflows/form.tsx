import { Suspense, useMemo, useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { SaveWorkflowDocument, WorkflowStepTypesDocument, WorkflowTextDocument } from "../graphql";
import { isObject } from "../json";
import { FormDialog } from "../parts/dialog";
import { later } from "../parts/later";
import { withPlaces } from "../parts/places";
import { Loading } from "../parts/states";
import { toast } from "../parts/toast";

const YamlEditor = later(() => import("../editor/yaml-editor"));

const NEW = `name: hello
steps:
  - name: greet
    type: log
    inputs: {message: Hello.}
`;

/** The definition of a workflow as YAML, with completion and checks by the language's schema. The server checks it completely. */
export function WorkflowForm({ name, close }: { name?: string; close: () => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(SaveWorkflowDocument, "WorkflowPayload");
  const [{ data }] = useQuery({
    query: WorkflowTextDocument,
    variables: { organization, name: name ?? "" },
    requestPolicy: "network-only",
  });
  const [edited, setEdited] = useState<string | null>(null);
  const [first, setFirst] = useState<{ text: string; revision: number } | null>(null);
  const language = data?.workflowLanguage;
  const layers = useMemo(() => ({ below: {}, schema: isObject(language) ? language : null }), [language]);
  if (data && !first) {
    setFirst({ text: data.workflow?.current?.definition ?? NEW, revision: data.workflow?.revision ?? 0 });
  }

  async function submit() {
    if (!first) return;
    const given = { organization, definition: edited ?? first.text, revision: first.revision };
    const saved = await send({ input: given });
    if (!saved) return;
    toast(`Revision ${saved.workflow.revision} of the workflow ${saved.workflow.name} saved.`);
    close();
  }
  return (
    <FormDialog
      title={name ? `Change the workflow ${name}` : "Add a workflow"}
      verb="Save"
      large
      disabled={fetching || !first}
      refusal={refusal && withPlaces(refusal)}
      submit={submit}
      close={close}
    >
      {first ? (
        <Suspense fallback={<Loading lines={6} />}>
          <YamlEditor
            label="Definition"
            text={first.text}
            change={setEdited}
            layers={layers}
            hint="# A definition. Press Ctrl-Space for suggestions."
          />
        </Suspense>
      ) : (
        <Loading lines={6} />
      )}
      <StepTypes />
    </FormDialog>
  );
}

function StepTypes() {
  const [{ data }] = useQuery({ query: WorkflowStepTypesDocument });
  return (
    <details>
      <summary>Step types</summary>
      <ul className="list">
        {data?.workflowStepTypes.map((type) => (
          <li key={type.name}>
            <b>{type.name}</b> <span className="soft">{type.description}</span>
            <pre className="code">{type.example}</pre>
          </li>
        ))}
      </ul>
    </details>
  );
}
