import { useState } from "react";
import { useClient } from "urql";
import { stringify } from "yaml";
import { useAction } from "../api/outcome";
import { type Problem, readYaml } from "../api/reading";
import { SetFeatureDocument } from "../graphql";
import { asObject } from "../json";
import { FormDialog } from "../parts/dialog";
import { RefusalNote } from "../parts/states";
import type { Group } from "./types";

type Found = Group["features"][number];

const STATES = {
  PENDING: "waiting",
  IN_PROGRESS: "in progress",
  ACTIVE: "active",
  DISABLED: "off",
  FAILED: "failed",
};

/** What is on or off for a group, and what it is given. */
export function Feature({ group, feature }: { group: Group; feature: Found }) {
  const { send, fetching, refusal } = useAction(SetFeatureDocument, "ClusterGroupPayload");
  const [editing, setEditing] = useState(false);
  const properties = written(feature);
  return (
    <li>
      <div className="row apart">
        <span>
          <b>{feature.name}</b> <span className="tag">{STATES[feature.state]}</span>
        </span>
        <span className="row">
          <button type="button" className="button slim" onClick={() => setEditing(true)}>
            Properties<span className="hidden"> of {feature.name}</span>
          </button>
          <button
            type="button"
            role="switch"
            aria-checked={feature.enabled}
            aria-label={feature.name}
            className="button slim"
            disabled={fetching}
            onClick={() =>
              send({ input: { group: group.id, feature: feature.name, enabled: !feature.enabled } })
            }
          >
            Turn {feature.enabled ? "off" : "on"}
          </button>
        </span>
      </div>
      {feature.message && <p className="soft small">{feature.message}</p>}
      {properties && <pre className="code">{properties}</pre>}
      <RefusalNote refusal={refusal} />
      {editing && <Properties group={group} feature={feature} close={() => setEditing(false)} />}
    </li>
  );
}

function Properties({ group, feature, close }: { group: Group; feature: Found; close: () => void }) {
  const { send, fetching, refusal } = useAction(SetFeatureDocument, "ClusterGroupPayload");
  const [text, setText] = useState(() => written(feature));
  const [problems, setProblems] = useState<Problem[]>([]);
  const client = useClient();
  async function submit() {
    const { name, enabled } = feature;
    const { values, problems } = await readYaml(client, text);
    setProblems(problems);
    if (values && (await send({ input: { group: group.id, feature: name, enabled, properties: values } })))
      close();
  }
  return (
    <FormDialog
      title={`Properties of ${feature.name}`}
      verb="Save"
      disabled={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <div className="field">
        <label htmlFor="properties">Properties</label>
        <textarea
          id="properties"
          className="input"
          spellCheck={false}
          value={text}
          placeholder="key: value"
          aria-invalid={problems.length > 0}
          onChange={(event) => {
            setText(event.target.value);
            setProblems([]);
          }}
        />
        {problems.length > 0 ? (
          <span className="wrong" role="alert">
            {problems.map(({ message }) => message).join(" ")}
          </span>
        ) : (
          <span className="hint">In YAML or JSON. They replace all present properties.</span>
        )}
      </div>
    </FormDialog>
  );
}

function written(feature: Found): string {
  const properties = asObject(feature.properties);
  return Object.keys(properties).length > 0 ? stringify(properties, { version: "1.1" }) : "";
}
