import type { DependencyInput } from "../graphql";

/** The deployments of the group that come first, each with the condition that its target has to meet. */
export function Dependencies({
  dependencies,
  change,
}: {
  dependencies: DependencyInput[];
  change: (dependencies: DependencyInput[]) => void;
}) {
  const set = (index: number, changes: Partial<DependencyInput>) =>
    change(dependencies.map((one, at) => (at === index ? { ...one, ...changes } : one)));
  return (
    <fieldset className="stack tight">
      <legend className="label">Depends on</legend>
      <p className="soft small">
        On each cluster, these deployments of the group are installed and upgraded first, and uninstalled
        last. Without a condition, they have to be DEPLOYED and HEALTHY.
      </p>
      {dependencies.map((one, index) => (
        <div key={index} className="ignore-rule">
          <div className="field">
            <label htmlFor={`dependency-${index}`}>Deployment</label>
            <input
              id={`dependency-${index}`}
              className="input"
              value={one.deployment}
              onChange={(event) => set(index, { deployment: event.target.value })}
            />
          </div>
          <div className="field">
            <label htmlFor={`dependency-condition-${index}`}>Condition (CEL)</label>
            <input
              id={`dependency-condition-${index}`}
              className="input"
              placeholder={'target.status == "DEPLOYED"'}
              value={one.condition ?? ""}
              onChange={(event) => set(index, { condition: event.target.value || null })}
            />
          </div>
          <button
            type="button"
            className="button slim"
            onClick={() => change(dependencies.filter((_, at) => at !== index))}
          >
            Remove dependency {index + 1}
          </button>
        </div>
      ))}
      <div>
        <button
          type="button"
          className="button slim"
          onClick={() => change([...dependencies, { deployment: "", condition: null }])}
        >
          Add a dependency
        </button>
      </div>
    </fieldset>
  );
}
