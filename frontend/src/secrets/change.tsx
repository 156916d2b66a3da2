import { useState } from "react";
import { type Refusal, useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import {
  CreateSecretDocument,
  type SecretKind,
  type SecretLineFragment,
  UpdateSecretDocument,
} from "../graphql";
import { Choice, useGroupChoices } from "../parts/choice";
import { FormDialog } from "../parts/dialog";
import { toast } from "../parts/toast";
import { blank, dataOf, type Entry, kept, problemOf } from "./entries";
import { SecretValues } from "./values";

export const KINDS: Record<SecretKind, { words: string; keys: string[] }> = {
  OPAQUE: { words: "anything", keys: [""] },
  REGISTRY: { words: "a registry's user and password", keys: ["username", "password"] },
  KUBECONFIG: { words: "a kubeconfig", keys: ["kubeconfig"] },
  CLOUD: { words: "credentials of a cloud", keys: [""] },
};

export function AddSecret({ close }: { close: () => void }) {
  const organization = useOrganization();
  const groups = useGroupChoices();
  const { send, fetching, refusal } = useAction(CreateSecretDocument, "SecretPayload");
  const [given, setGiven] = useState<{ name: string; kind: SecretKind; group: string; description: string }>({
    name: "",
    kind: "OPAQUE" as SecretKind,
    group: "",
    description: "",
  });
  const [entries, setEntries] = useState<Entry[]>([blank()]);
  const set = (changes: Partial<typeof given>) => setGiven((before) => ({ ...before, ...changes }));

  function chooseKind(kind: SecretKind) {
    set({ kind });
    if (entries.every((entry) => !entry.value)) setEntries(KINDS[kind].keys.map(blank));
  }
  async function submit() {
    const { name, kind } = given;
    const group = given.group || null;
    const description = given.description || null;
    const data = dataOf(entries);
    if (!(await send({ input: { organization, name, kind, group, description, data } }))) return;
    toast(`Secret ${name} added.`);
    close();
  }

  return (
    <Form
      title="Add secret"
      verb="Save"
      entries={entries}
      changeEntries={setEntries}
      description={given.description}
      changeDescription={(description) => set({ description })}
      fetching={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <div className="fields">
        <div className="field">
          <label htmlFor="secret-name">Name</label>
          <input
            id="secret-name"
            className="input"
            required
            autoComplete="off"
            value={given.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        </div>
        <div className="field">
          <label htmlFor="secret-kind">Description</label>
          <select
            id="secret-kind"
            className="input"
            value={given.kind}
            onChange={(event) => chooseKind(event.target.value as SecretKind)}
          >
            {Object.entries(KINDS).map(([kind, { words }]) => (
              <option key={kind} value={kind}>
                {words}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor="secret-group">Group</label>
          <Choice
            id="secret-group"
            choices={groups}
            value={given.group}
            change={(group) => set({ group })}
            none="all groups"
          />
        </div>
      </div>
    </Form>
  );
}

export function ChangeSecret({ secret, close }: { secret: SecretLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(UpdateSecretDocument, "SecretPayload");
  const [entries, setEntries] = useState<Entry[]>(() => secret.keys.map(kept));
  const [description, setDescription] = useState(secret.description ?? "");
  async function submit() {
    if (!(await send({ input: { id: secret.id, data: dataOf(entries), description } }))) return;
    toast(`Secret ${secret.name} updated.`);
    close();
  }
  return (
    <Form
      title={`Change ${secret.name}`}
      verb="Save"
      entries={entries}
      changeEntries={setEntries}
      description={description}
      changeDescription={setDescription}
      fetching={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      {secret.usedBy.length > 0 && (
        <p className="soft small">
          If a value changes, {secret.usedBy.map((one) => one.releaseName).join(", ")}{" "}
          {secret.usedBy.length === 1 ? "is" : "are"} stale until reconciled.
        </p>
      )}
    </Form>
  );
}

function Form({
  title,
  verb,
  entries,
  changeEntries,
  description,
  changeDescription,
  fetching,
  refusal,
  submit,
  close,
  children,
}: {
  title: string;
  verb: string;
  entries: Entry[];
  changeEntries: (entries: Entry[]) => void;
  description: string;
  changeDescription: (description: string) => void;
  fetching: boolean;
  refusal: Refusal | null;
  submit: () => void;
  close: () => void;
  children: React.ReactNode;
}) {
  const problem = problemOf(entries);
  return (
    <FormDialog
      title={title}
      verb={verb}
      large
      disabled={fetching || problem !== null}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      {children}
      <SecretValues entries={entries} change={changeEntries} />
      <p className="soft small">Values are stored encrypted and can never be read back.</p>
      <div className="field">
        <label htmlFor="secret-description">Description</label>
        <input
          id="secret-description"
          className="input"
          value={description}
          onChange={(event) => changeDescription(event.target.value)}
        />
      </div>
      {problem && (
        <p className="note warn" role="alert">
          {problem}
        </p>
      )}
    </FormDialog>
  );
}
