import type { IgnoreRule } from "./draft";

const NONE: IgnoreRule = { kind: "", group: null, paths: [""] };

/** Differences of live objects that do not count as drift, by kind and path. */
export function IgnoreRules({
  rules,
  change,
}: {
  rules: IgnoreRule[];
  change: (rules: IgnoreRule[]) => void;
}) {
  const set = (index: number, changes: Partial<IgnoreRule>) =>
    change(rules.map((rule, at) => (at === index ? { ...rule, ...changes } : rule)));
  return (
    <fieldset className="stack tight">
      <legend className="label">Ignored differences</legend>
      <p className="soft small">
        Paths are JSON pointers, one per line. * matches any one segment, for example
        /spec/template/spec/containers/*/resources.
      </p>
      {rules.map((rule, index) => (
        <div key={index} className="ignore-rule">
          <div className="field">
            <label htmlFor={`ignore-kind-${index}`}>Kind</label>
            <input
              id={`ignore-kind-${index}`}
              className="input"
              placeholder="Any kind"
              value={rule.kind}
              onChange={(event) => set(index, { kind: event.target.value })}
            />
          </div>
          <div className="field">
            <label htmlFor={`ignore-group-${index}`}>API group</label>
            <input
              id={`ignore-group-${index}`}
              className="input"
              placeholder={rule.group === null ? "Any group" : "Core group"}
              value={rule.group ?? ""}
              onChange={(event) => set(index, { group: event.target.value || null })}
            />
          </div>
          <div className="field">
            <label htmlFor={`ignore-paths-${index}`}>Paths</label>
            <textarea
              id={`ignore-paths-${index}`}
              className="input"
              rows={Math.max(1, rule.paths.length)}
              value={rule.paths.join("\n")}
              onChange={(event) => set(index, { paths: event.target.value.split("\n") })}
            />
          </div>
          <button
            type="button"
            className="button slim"
            onClick={() => change(rules.filter((_, at) => at !== index))}
          >
            Remove rule {index + 1}
          </button>
        </div>
      ))}
      <div>
        <button type="button" className="button slim" onClick={() => change([...rules, NONE])}>
          Add rule
        </button>
      </div>
    </fieldset>
  );
}
