import { type Conditions, EVERY } from "../values/selectors";
import { SelectorFields, useMatches } from "./selector";

/** Which members of a group a deployment goes to: those of a list, those that a selector matches, or both. */
export function Targets({
  group,
  members,
  targets,
  selector,
  change,
}: {
  group: string;
  members: { name: string; cloud: string; region: string | null }[];
  targets: string[];
  /** Null if the targets are a list. */
  selector: Conditions | null;
  change: (targets: string[], selector: Conditions | null) => void;
}) {
  const matched = useMatches(group, selector).clusters ?? [];
  const all = members.map((member) => member.name);
  const isAll = all.every((name) => targets.includes(name));
  const chosen = new Set([...targets, ...matched]);
  return (
    <>
      <label className="check small">
        <input
          type="checkbox"
          checked={selector !== null}
          onChange={(event) => (event.target.checked ? change([], EVERY) : change([...chosen].sort(), null))}
        />
        Choose clusters by a selector
      </label>
      {selector !== null && (
        <SelectorFields
          label="Target selector"
          group={group}
          conditions={selector}
          change={(conditions) => change(targets, conditions)}
        />
      )}
      <fieldset className="stack tight">
        <legend className="label">
          Clusters ({all.filter((name) => chosen.has(name)).length} of {all.length})
        </legend>
        {selector === null && (
          <label className="check small">
            <input type="checkbox" checked={isAll} onChange={() => change(isAll ? [] : all, null)} />
            All
          </label>
        )}
        <div className="choices across">
          {members.map((member) => (
            <label className="check" key={member.name}>
              <input
                type="checkbox"
                checked={chosen.has(member.name)}
                disabled={matched.includes(member.name) && !targets.includes(member.name)}
                onChange={(event) =>
                  change(
                    event.target.checked
                      ? [...targets, member.name]
                      : targets.filter((name) => name !== member.name),
                    selector,
                  )
                }
              />
              <span>
                {member.name}{" "}
                <span className="soft small">{[member.cloud, member.region].filter(Boolean).join(" ")}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
    </>
  );
}
