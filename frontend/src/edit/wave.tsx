import { useState } from "react";
import type { Role } from "../graphql";
import { Field } from "../parts/field";
import { EVERY } from "../values/selectors";
import { Checks } from "./check";
import { SelectorFields } from "./selector";
import { type Approvals, type Limits, ONE_APPROVAL, type Size, type Wave } from "./strategy";

const SIZES: Record<Size, string> = {
  all: "All remaining clusters",
  count: "A number",
  percent: "A percentage",
};
const COMMON: [keyof Limits, string, string][] = [
  ["maxConcurrent", "Clusters at once", "Such as 5 or 10%"],
  ["maxFailures", "Maximum failed clusters", "Such as 1 or 5%"],
  ["soak", "Wait afterwards", "Such as 30m or 2h"],
];
const RARE: [keyof Limits, string, string][] = [
  ["maxDeferred", "Maximum unreachable clusters", "Such as 1 or 10%"],
  ["minReady", "Healthy for at least", "Such as 10s"],
  ["deadline", "Time for each cluster", "Such as 15m"],
];
const ROLES: Record<Role | "", string> = {
  "": "Any role that may approve",
  VIEWER: "Viewer",
  APPROVER: "Approver",
  DEPLOYER: "Deployer",
  ADMIN: "Admin",
};

type ProblemsAt = (...path: string[]) => string[];

/** One wave of a rollout. */
export function WaveFields({
  wave,
  number,
  group,
  problemsAt,
  change,
  remove,
  moveUp,
}: {
  wave: Wave;
  number: number;
  group: string;
  problemsAt: ProblemsAt;
  change: (changes: Partial<Wave>) => void;
  remove: () => void;
  /** Null for the first wave. */
  moveUp: (() => void) | null;
}) {
  const id = `wave-${wave.key}`;
  const [hadChecks] = useState(wave.checksBefore.length + wave.checks.length > 0);
  const limit = ([name, label, hint]: [keyof Limits, string, string]) => (
    <Field key={name} id={`${id}-${name}`} label={label} hint={hint} problems={problemsAt(name)}>
      {(props) => (
        <input
          {...props}
          value={wave[name]}
          onChange={({ target }) => change({ [name]: target.value.trim() })}
        />
      )}
    </Field>
  );
  return (
    <fieldset className="wave stack tight">
      <legend className="label">Wave {number}</legend>
      <div className="fields">
        <Field id={`${id}-name`} label="Name" problems={problemsAt("name")}>
          {(props) => (
            <input {...props} value={wave.name} onChange={({ target }) => change({ name: target.value })} />
          )}
        </Field>
        <Field id={`${id}-size`} label="Size" problems={wave.size === "all" ? problemsAt("size") : []}>
          {(props) => (
            <select
              {...props}
              value={wave.size}
              onChange={({ target }) =>
                change({
                  size: target.value as Size,
                  amount: target.value === "all" ? "" : wave.amount || "1",
                })
              }
            >
              {Object.entries(SIZES).map(([size, words]) => (
                <option key={size} value={size}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        {wave.size !== "all" && (
          <Field
            id={`${id}-amount`}
            label={wave.size === "count" ? "Clusters" : "Percent"}
            problems={problemsAt("size")}
          >
            {(props) => (
              <input
                {...props}
                inputMode="numeric"
                value={wave.amount}
                onChange={({ target }) => change({ amount: target.value.trim() })}
              />
            )}
          </Field>
        )}
        {COMMON.map(limit)}
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={wave.conditions !== null}
          onChange={({ target }) => change({ conditions: target.checked ? EVERY : null })}
        />
        Only clusters that match a selector
      </label>
      {wave.conditions && (
        <SelectorFields
          label={`Selector of wave ${number}`}
          group={group}
          conditions={wave.conditions}
          change={(conditions) => change({ conditions })}
        />
      )}
      {problemsAt("select").map((message) => (
        <p key={message} className="invalid small" role="alert">
          {message}
        </p>
      ))}
      <label className="check">
        <input
          type="checkbox"
          checked={wave.approvals !== null}
          onChange={({ target }) => change({ approvals: target.checked ? ONE_APPROVAL : null })}
        />
        Needs approval before it begins
      </label>
      {wave.approvals && (
        <ApprovalFields
          id={id}
          approvals={wave.approvals}
          problemsAt={problemsAt}
          change={(approvals) => change({ approvals })}
        />
      )}
      <details open={hadChecks}>
        <summary className="small">Checks</summary>
        <div className="stack tight">
          <Checks
            id={`${id}-before`}
            where={`before wave ${number}`}
            checks={wave.checksBefore}
            problemsAt={(index, ...path) =>
              problemsAt("before", String(index + (wave.approvals ? 1 : 0)), "check", ...path)
            }
            change={(checksBefore) => change({ checksBefore })}
          />
          <Checks
            id={`${id}-after`}
            where={`after wave ${number}`}
            checks={wave.checks}
            problemsAt={(index, ...path) => problemsAt("checks", String(index), ...path)}
            change={(checks) => change({ checks })}
          />
        </div>
      </details>
      <details>
        <summary className="small">More limits</summary>
        <div className="fields">{RARE.map(limit)}</div>
      </details>
      <div className="row">
        {moveUp && (
          <button type="button" className="button slim" onClick={moveUp}>
            Move wave {number} up
          </button>
        )}
        <button type="button" className="button slim" onClick={remove}>
          Remove wave {number}
        </button>
      </div>
    </fieldset>
  );
}

function ApprovalFields({
  id,
  approvals,
  problemsAt,
  change,
}: {
  id: string;
  approvals: Approvals;
  problemsAt: ProblemsAt;
  change: (approvals: Approvals) => void;
}) {
  return (
    <div className="fields">
      <Field
        id={`${id}-required`}
        label="Approvals"
        problems={problemsAt("before", "0", "approval", "required")}
      >
        {(props) => (
          <input
            {...props}
            inputMode="numeric"
            value={approvals.required}
            onChange={({ target }) => change({ ...approvals, required: target.value.trim() })}
          />
        )}
      </Field>
      <Field id={`${id}-role`} label="By users with the role" problems={[]}>
        {(props) => (
          <select
            {...props}
            value={approvals.role}
            onChange={({ target }) => change({ ...approvals, role: target.value as Role | "" })}
          >
            {Object.entries(ROLES).map(([role, words]) => (
              <option key={role} value={role}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field
        id={`${id}-valid-for`}
        label="Approvals expire after"
        hint="Such as 7d"
        problems={problemsAt("before", "0", "approval", "validFor")}
      >
        {(props) => (
          <input
            {...props}
            value={approvals.validFor}
            onChange={({ target }) => change({ ...approvals, validFor: target.value.trim() })}
          />
        )}
      </Field>
    </div>
  );
}
