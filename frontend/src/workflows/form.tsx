import { Suspense, useMemo, useState } from "react";
import { useQuery } from "urql";
import { type Refusal, useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import {
  SaveStepDefinitionDocument,
  SaveWorkflowDocument,
  StepDefinitionTextDocument,
  WorkflowStepTypesDocument,
  WorkflowTextDocument,
} from "../graphql";
import { isObject, type Json } from "../json";
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
const NEW_STEP = `name: greet
parameters:
  required: [who]
  properties:
    who: {type: string}
outputs:
  text: {value: "Hello, \${{ parameters.who }}.", schema: {type: string}}
steps:
  - name: say
    type: log
    inputs: {message: "Hello, \${{ parameters.who }}."}
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
  async function save(definition: string, revision: number) {
    const saved = await send({ input: { organization, definition, revision } });
    if (!saved) return;
    toast(`Revision ${saved.workflow.revision} of the workflow ${saved.workflow.name} saved.`);
    close();
  }
  return (
    <DefinitionForm
      title={name ? `Change the workflow ${name}` : "Add a workflow"}
      present={data && { text: data.workflow?.current?.definition ?? NEW, revision: data.workflow?.revision }}
      language={data?.workflowLanguage as Json | undefined}
      fetching={fetching}
      refusal={refusal}
      save={save}
      close={close}
    />
  );
}

/** The definition of a step type, which has the language of workflows. */
export function StepDefinitionForm({ name, close }: { name?: string; close: () => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(SaveStepDefinitionDocument, "StepDefinitionPayload");
  const [{ data }] = useQuery({
    query: StepDefinitionTextDocument,
    variables: { organization, name: name ?? "" },
    requestPolicy: "network-only",
  });
  async function save(definition: string, revision: number) {
    const saved = await send({ input: { organization, definition, revision } });
    if (!saved) return;
    const { stepDefinition } = saved;
    toast(`Revision ${stepDefinition.revision} of the step definition ${stepDefinition.name} saved.`);
    close();
  }
  const step = data?.stepDefinition;
  return (
    <DefinitionForm
      title={name ? `Change the step definition ${name}` : "Add a step definition"}
      present={data && { text: step?.current?.definition ?? NEW_STEP, revision: step?.revision }}
      language={data?.workflowLanguage as Json | undefined}
      fetching={fetching}
      refusal={refusal}
      save={save}
      close={close}
    />
  );
}

/** Edits a text from its first loaded revision on; a new definition has none. */
function DefinitionForm({
  title,
  present,
  language,
  fetching,
  refusal,
  save,
  close,
}: {
  title: string;
  present: { text: string; revision: number | undefined } | undefined;
  language: Json | undefined;
  fetching: boolean;
  refusal: Refusal | null;
  save: (text: string, revision: number) => void;
  close: () => void;
}) {
  const [edited, setEdited] = useState<string | null>(null);
  const [first, setFirst] = useState<{ text: string; revision: number } | null>(null);
  const layers = useMemo(() => ({ below: {}, schema: isObject(language) ? language : null }), [language]);
  if (present && !first) setFirst({ text: present.text, revision: present.revision ?? 0 });
  return (
    <FormDialog
      title={title}
      verb="Save"
      large
      disabled={fetching || !first}
      refusal={refusal && withPlaces(refusal)}
      submit={() => first && save(edited ?? first.text, first.revision)}
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
