import { useState } from "react";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { SelectorFields } from "../edit/selector";
import {
  type ChangeWindowLineFragment,
  ClusterChoicesDocument,
  SetChangeWindowDocument,
  type WindowOverrideRole,
} from "../graphql";
import { Choice, useChoices, useGroupChoices } from "../parts/choice";
import { FormDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { elsewhere, problemsAt } from "../parts/places";
import { OWN_ZONE, TimeZoneField } from "../parts/time-zone";
import { toast } from "../parts/toast";
import { asConditions, EVERY, selectorOf } from "../values/selectors";
import { DAYS, draftOf, type Repeat, ruleOf } from "./rule";

type Scope = "organization" | "group" | "cluster";

const IN_PLACE = ["name", "starts", "timeZone", "duration", "rule", "group", "cluster", "reason"];
const REPEATS: [Repeat, string][] = [
  ["daily", "Every day"],
  ["weekly", "On days of the week"],
  ["custom", "By a recurrence rule"],
];

/** A new change window, or another content of a present one. What is wrong is shown at the field. */
export function WindowForm({ window, close }: { window?: ChangeWindowLineFragment; close: () => void }) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(SetChangeWindowDocument, "ChangeWindowPayload");
  const [fields, setFields] = useState(() => fieldsOf(window));
  const [rule, setRule] = useState(() => draftOf(window?.rule));
  const [conditions, setConditions] = useState(() => readSelector(window?.selector));
  const groups = useGroupChoices();
  const clusters = useChoices(ClusterChoicesDocument, {}, (data) => data.clusters);
  const change = (changes: Partial<typeof fields>) => setFields({ ...fields, ...changes });
  const read = conditions && selectorOf(conditions);
  const problem = read && "problem" in read ? read.problem : null;
  const noDay = rule.repeat === "weekly" && rule.days.length === 0;

  async function submit() {
    const { scope, group, cluster, overrideRole, reason, ...given } = fields;
    const input = {
      ...given,
      organization,
      version: window?.version ?? 0,
      rule: ruleOf(rule),
      group: scope === "group" ? group : null,
      cluster: scope === "cluster" ? cluster : null,
      selector: read && "selector" in read ? read.selector : null,
      overrideRole,
      reason: reason.trim() || null,
    };
    if (!(await send({ input }))) return;
    toast(`Change window ${fields.name} saved.`);
    close();
  }
  const at = (name: string) => ({ id: `window-${name}`, problems: problemsAt(refusal, name) });
  return (
    <FormDialog
      title={window ? `Change the window ${window.name}` : "Add a change window"}
      verb="Save"
      large
      disabled={fetching || noDay || problem !== null}
      refusal={elsewhere(refusal, IN_PLACE)}
      submit={submit}
      close={close}
    >
      <div className="fields">
        <Field {...at("name")} label="Name" hint="Lower-case letters, digits and -">
          {(props) => (
            <input
              {...props}
              required
              readOnly={window !== undefined}
              value={fields.name}
              onChange={(event) => change({ name: event.target.value.trim() })}
            />
          )}
        </Field>
        <Field {...at("kind")} label="While it is open">
          {(props) => (
            <select
              {...props}
              value={fields.kind}
              onChange={(event) => change({ kind: event.target.value as "ALLOW" | "DENY" })}
            >
              <option value="ALLOW">Changes are allowed, and held at other times</option>
              <option value="DENY">Changes are held</option>
            </select>
          )}
        </Field>
      </div>
      <div className="fields">
        <Field {...at("repeat")} label="Opens">
          {(props) => (
            <select
              {...props}
              value={rule.repeat}
              onChange={(event) =>
                setRule({ ...draftOf(ruleOf(rule)), repeat: event.target.value as Repeat })
              }
            >
              {REPEATS.map(([key, words]) => (
                <option key={key} value={key}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field {...at("starts")} label="First opening">
          {(props) => (
            <input
              {...props}
              type="datetime-local"
              required
              value={fields.starts}
              onChange={(event) => change({ starts: event.target.value })}
            />
          )}
        </Field>
        <TimeZoneField
          {...at("timeZone")}
          value={fields.timeZone}
          change={(timeZone) => change({ timeZone })}
        />
        <Field {...at("duration")} label="Open for" hint="Such as 90m, 8h or 14d">
          {(props) => (
            <input
              {...props}
              required
              value={fields.duration}
              onChange={(event) => change({ duration: event.target.value.trim() })}
            />
          )}
        </Field>
      </div>
      {rule.repeat === "weekly" && (
        <fieldset className="row wide">
          <legend className="label">Days</legend>
          {DAYS.map(([day, words]) => (
            <label key={day} className="check">
              <input
                type="checkbox"
                checked={rule.days.includes(day)}
                onChange={({ target }) =>
                  setRule({
                    ...rule,
                    days: target.checked ? [...rule.days, day] : rule.days.filter((one) => one !== day),
                  })
                }
              />
              {words}
            </label>
          ))}
          {noDay && <p role="alert">Choose at least one day.</p>}
        </fieldset>
      )}
      {rule.repeat === "custom" && (
        <Field {...at("rule")} label="Recurrence rule" hint="Of RFC 5545, such as FREQ=MONTHLY;BYDAY=-1FR">
          {(props) => (
            <input
              {...props}
              className="input mono"
              required
              spellCheck={false}
              value={rule.rule}
              onChange={(event) => setRule({ ...rule, rule: event.target.value })}
            />
          )}
        </Field>
      )}
      <div className="fields">
        <Field {...at("scope")} label="Applies to">
          {(props) => (
            <select
              {...props}
              value={fields.scope}
              onChange={(event) => change({ scope: event.target.value as Scope })}
            >
              <option value="organization">All clusters</option>
              <option value="group">One group</option>
              <option value="cluster">One cluster</option>
            </select>
          )}
        </Field>
        {fields.scope === "group" && (
          <Field {...at("group")} label="Group">
            {({ id }) => (
              <Choice
                id={id}
                choices={groups}
                value={fields.group}
                change={(group) => change({ group })}
                none=""
              />
            )}
          </Field>
        )}
        {fields.scope === "cluster" && (
          <Field {...at("cluster")} label="Cluster">
            {({ id }) => (
              <Choice
                id={id}
                choices={clusters}
                value={fields.cluster}
                change={(cluster) => change({ cluster })}
                none=""
              />
            )}
          </Field>
        )}
        <Field {...at("overrideRole")} label="Who may let a change pass">
          {(props) => (
            <select
              {...props}
              value={fields.overrideRole}
              onChange={(event) => change({ overrideRole: event.target.value as WindowOverrideRole })}
            >
              <option value="ADMIN">Admins</option>
              <option value="DEPLOYER">Deployers</option>
              <option value="NONE">No user</option>
            </select>
          )}
        </Field>
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={conditions !== null}
          onChange={({ target }) => setConditions(target.checked ? EVERY : null)}
        />
        Only clusters that match a selector
      </label>
      {conditions && (
        <SelectorFields
          label="Selector"
          group={fields.scope === "group" ? fields.group : ""}
          conditions={conditions}
          change={setConditions}
        />
      )}
      <label className="check">
        <input
          type="checkbox"
          checked={fields.blocksRollback}
          onChange={({ target }) => change({ blocksRollback: target.checked })}
        />
        Hold rollbacks, too
      </label>
      <Field {...at("reason")} label="Reason" hint="Shown to users whose changes wait">
        {(props) => (
          <input
            {...props}
            value={fields.reason}
            onChange={(event) => change({ reason: event.target.value })}
          />
        )}
      </Field>
    </FormDialog>
  );
}

function fieldsOf(window: ChangeWindowLineFragment | undefined) {
  const scope: Scope = window?.group ? "group" : window?.cluster ? "cluster" : "organization";
  return {
    name: window?.name ?? "",
    kind: window?.kind ?? ("ALLOW" as const),
    starts: window?.starts ?? "",
    timeZone: window?.timeZone ?? OWN_ZONE,
    duration: window?.duration ?? "8h",
    scope,
    group: window?.group?.name ?? "",
    cluster: window?.cluster?.name ?? "",
    blocksRollback: window?.blocksRollback ?? false,
    overrideRole: window?.overrideRole ?? ("ADMIN" as const),
    reason: window?.reason ?? "",
  };
}

function readSelector(selector: unknown) {
  if (!selector) return null;
  const { labels, kubernetesVersion, ...lists } = selector as Record<string, unknown>;
  const listed = (name: string) => [lists[name] ?? []].flat() as string[];
  return asConditions({
    labels,
    cloud: listed("cloud"),
    region: listed("region"),
    distribution: listed("distribution"),
    kubernetesVersion: (kubernetesVersion as string | undefined) ?? null,
  });
}
