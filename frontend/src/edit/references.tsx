import { useId } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { useOrganization } from "../api/session";
import { SecretChoicesDocument, SecretKeysDocument } from "../graphql";
import { Choice, useChoices } from "../parts/choice";
import { type Reference, stepsOf } from "../values/references";

/** What comes from secrets into one layer of values: a row for each, with its place in the values. */
export function References({
  label,
  group,
  references,
  change,
}: {
  label: string;
  group: string;
  references: Reference[];
  change: (references: Reference[]) => void;
}) {
  const { asked, nodes } = useSecretChoices(group);
  const replace = (at: number, changes: Partial<Reference>) =>
    change(references.map((one, index) => (index === at ? { ...one, ...changes } : one)));
  return (
    <fieldset className="stack tight">
      <legend className="label">{label}</legend>
      {references.map((reference, index) => (
        <Row
          key={index}
          reference={reference}
          group={group}
          change={(changes) => replace(index, changes)}
          remove={() => change(references.filter((_, other) => other !== index))}
        />
      ))}
      <div className="row">
        <button
          type="button"
          className="button slim"
          disabled={nodes.length === 0}
          onClick={() => change([...references, { secret: "", key: "", path: "" }])}
        >
          Use a value from a secret
        </button>
        {asked.data && nodes.length === 0 && (
          <span className="soft small">
            There are no secrets yet. <Link href="/settings/secrets">Add a secret</Link>.
          </span>
        )}
      </div>
    </fieldset>
  );
}

function useSecretChoices(group: string) {
  return useChoices(SecretChoicesDocument, { group }, (data) => data.secrets);
}

function Row({
  reference,
  group,
  change,
  remove,
}: {
  reference: Reference;
  group: string;
  change: (changes: Partial<Reference>) => void;
  remove: () => void;
}) {
  const id = useId();
  const { secret, key, path } = reference;
  const organization = useOrganization();
  const secrets = useSecretChoices(group);
  const [{ data }] = useQuery({
    query: SecretKeysDocument,
    variables: { organization, name: secret },
    pause: !secret,
  });
  const keys = data?.secret?.name === secret ? data.secret.keys : [];
  function choose(name: string) {
    const found = secrets.nodes.find((one) => one.name === name);
    change({ secret: name, key: found?.keys.includes(key) ? key : (found?.keys[0] ?? "") });
  }
  return (
    <div className="reference">
      <div className="field">
        <label htmlFor={`${id}-path`}>Path in the values</label>
        <input
          id={`${id}-path`}
          className="input mono"
          value={path}
          placeholder="database.password"
          aria-invalid={path !== "" && stepsOf(path) === null}
          onChange={(event) => change({ path: event.target.value.trim() })}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-secret`}>Secret</label>
        <Choice
          id={`${id}-secret`}
          choices={secrets}
          value={secret}
          change={choose}
          none={secret ? undefined : "Choose…"}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-key`}>Key</label>
        <select
          id={`${id}-key`}
          className="input"
          value={key}
          onChange={(event) => change({ key: event.target.value })}
        >
          {[...new Set([...keys, key])].map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <button type="button" className="button slim" onClick={remove}>
        Remove<span className="hidden"> {path || "it"}</span>
      </button>
    </div>
  );
}
