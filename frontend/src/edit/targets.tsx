/** Which members of a group a deployment goes to. */
export function Targets({
  members,
  targets,
  change,
}: {
  members: { name: string; cloud: string; region: string | null }[];
  targets: string[];
  change: (targets: string[]) => void;
}) {
  const all = members.map((member) => member.name);
  const isAll = all.every((name) => targets.includes(name));
  return (
    <fieldset className="stack tight">
      <legend className="label">
        Clusters ({targets.length} of {all.length})
      </legend>
      <label className="check small">
        <input type="checkbox" checked={isAll} onChange={() => change(isAll ? [] : all)} />
        All
      </label>
      <div className="choices across">
        {members.map((member) => (
          <label className="check" key={member.name}>
            <input
              type="checkbox"
              checked={targets.includes(member.name)}
              onChange={(event) =>
                change(
                  event.target.checked
                    ? [...targets, member.name]
                    : targets.filter((name) => name !== member.name),
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
  );
}
