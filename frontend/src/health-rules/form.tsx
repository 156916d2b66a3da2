import { useState } from "react";
import { useClient, useQuery } from "urql";
import { useAction, wordsOf } from "../api/outcome";
import { useOrganization } from "../api/session";
import {
  type HealthRuleLineFragment,
  ObjectsOfKindDocument,
  SetHealthRuleDocument,
  ShippedHealthRulesDocument,
  TryHealthRuleDocument,
  type TryHealthRuleQuery,
} from "../graphql";
import { FormDialog } from "../parts/dialog";
import { HealthMark } from "../parts/status";
import { toast } from "../parts/toast";

const FIELDS = [
  ["suspended", "Suspended if"],
  ["inProgress", "Progressing if"],
  ["failed", "Degraded if"],
  ["current", "Healthy if"],
  ["reason", "Reason"],
  ["message", "Message"],
] as const;

type Field = (typeof FIELDS)[number][0];
type Expressions = Record<Field, string>;

/** A rule with one CEL expression for each health, in the order in which they are tried. */
export function RuleForm({ rule, close }: { rule?: HealthRuleLineFragment; close: () => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(SetHealthRuleDocument, "HealthRulePayload");
  const [group, setGroup] = useState(rule?.group ?? "");
  const [kind, setKind] = useState(rule?.kind ?? "");
  const [expressions, setExpressions] = useState(() => expressionsOf(rule));
  const [{ data: shipped }] = useQuery({ query: ShippedHealthRulesDocument });
  const pack = shipped?.shippedHealthRules.find((one) => one.group === group && one.kind === kind);

  async function submit() {
    const given = { organization, group, kind, version: rule?.version ?? 0, ...inputOf(expressions) };
    if (!(await send({ input: given }))) return;
    toast(`Health rule for ${kind} saved.`);
    close();
  }
  return (
    <FormDialog
      title={rule ? `Change the rule for ${rule.kind}` : "Add a health rule"}
      verb="Save"
      large
      disabled={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <div className="fields">
        <div className="field">
          <label htmlFor="rule-kind">Kind</label>
          <input
            id="rule-kind"
            className="input"
            required
            readOnly={rule !== undefined}
            value={kind}
            onChange={(event) => setKind(event.target.value.trim())}
          />
        </div>
        <div className="field">
          <label htmlFor="rule-group">API group</label>
          <input
            id="rule-group"
            className="input"
            readOnly={rule !== undefined}
            placeholder="example.com"
            value={group}
            onChange={(event) => setGroup(event.target.value.trim())}
          />
        </div>
      </div>
      {pack && (
        <p className="note">
          This rule replaces the one of the shipped pack {pack.pack}.{" "}
          <button type="button" className="button slim" onClick={() => setExpressions(expressionsOf(pack))}>
            Copy the shipped rule
          </button>
        </p>
      )}
      <p className="soft small">
        Expressions in CEL about <code>metadata</code>, <code>spec</code>, <code>status</code> and{" "}
        <code>object</code>. The first that is true determines the health.
      </p>
      {FIELDS.map(([field, words]) => (
        <div className="field" key={field}>
          <label htmlFor={`rule-${field}`}>{words}</label>
          <textarea
            id={`rule-${field}`}
            className="input mono"
            rows={field === "current" ? 2 : 1}
            required={field === "current"}
            spellCheck={false}
            value={expressions[field]}
            onChange={(event) => setExpressions({ ...expressions, [field]: event.target.value })}
          />
        </div>
      ))}
      {kind && <TryOut kind={kind} group={group} expressions={expressions} />}
    </FormDialog>
  );
}

/** Shows what the rule says about an object that is on a cluster now. */
function TryOut({ kind, group, expressions }: { kind: string; group: string; expressions: Expressions }) {
  const organization = useOrganization();
  const client = useClient();
  const [{ data }] = useQuery({ query: ObjectsOfKindDocument, variables: { organization, kind } });
  const [chosen, setChosen] = useState(0);
  const [verdict, setVerdict] = useState<TryHealthRuleQuery["tryHealthRule"] | string | null>(null);
  const objects = (data?.resources.nodes ?? []).filter(
    (one) => one.target && (group ? one.apiVersion.startsWith(`${group}/`) : !one.apiVersion.includes("/")),
  );
  if (objects.length === 0) return null;
  const object = objects[Math.min(chosen, objects.length - 1)]!;

  async function run() {
    const variables = {
      target: object.target!.id,
      kind,
      group,
      name: object.name,
      namespace: object.namespace ?? "",
      expressions: inputOf(expressions),
    };
    const { data, error } = await client
      .query(TryHealthRuleDocument, variables, { requestPolicy: "network-only" })
      .toPromise();
    const missing = `${object.clusterName} no longer has this object.`;
    setVerdict(error ? wordsOf(error) : (data?.tryHealthRule ?? missing));
  }
  return (
    <div className="field">
      <label htmlFor="rule-object">Try it on</label>
      <div className="row">
        <select
          id="rule-object"
          className="input"
          value={chosen}
          onChange={(event) => {
            setChosen(Number(event.target.value));
            setVerdict(null);
          }}
        >
          {objects.map((one, index) => (
            <option key={`${one.clusterName}/${one.namespace}/${one.name}`} value={index}>
              {one.name} on {one.clusterName}
            </option>
          ))}
        </select>
        <button type="button" className="button" onClick={run}>
          Try
        </button>
      </div>
      <div role="status">
        {typeof verdict === "string" ? (
          <p className="note warn wrap">{verdict}</p>
        ) : (
          verdict && (
            <p className="wrap">
              <HealthMark health={verdict.health} /> {verdict.reason} {verdict.message}
            </p>
          )
        )}
      </div>
    </div>
  );
}

function expressionsOf(rule: Partial<Record<Field, string | null>> | undefined): Expressions {
  const pairs = FIELDS.map(([field]) => [field, rule?.[field]?.trim() ?? ""]);
  return Object.fromEntries(pairs) as Expressions;
}

function inputOf({ current, ...others }: Expressions) {
  const given = Object.entries(others).map(([field, text]) => [field, text.trim() || null]);
  return { current, ...(Object.fromEntries(given) as Record<Exclude<Field, "current">, string | null>) };
}
