import { Field } from "../parts/field";
import { type Check, type CheckKind, NOTHING, newCheck } from "./checks";

type ProblemsAt = (...path: string[]) => string[];

const KINDS: Record<CheckKind, string> = {
  HEALTH: "The health of the clusters' releases",
  OBJECT: "An object of the release",
  HTTP: "An HTTP request",
  PROMETHEUS: "A Prometheus query",
  JOB: "A Job on the cluster",
};
const LIMITS: [
  keyof Check & ("interval" | "count" | "failureLimit" | "inconclusiveLimit" | "errorLimit"),
  string,
][] = [
  ["interval", "Time between measurements"],
  ["count", "Measurements"],
  ["failureLimit", "Maximum failures"],
  ["inconclusiveLimit", "Maximum inconclusive results"],
  ["errorLimit", "Maximum consecutive errors"],
];
/** The texts that say what a check measures: the field, its label, and an example. */
const FIELDS: Record<CheckKind, [string, string, string][]> = {
  HEALTH: [],
  OBJECT: [
    ["kind", "Kind", "Deployment"],
    ["name", "Object name", "web"],
    ["namespace", "Namespace", "That of the release"],
    ["apiGroup", "API group", "Any group"],
    ["passes", "Passes if (CEL)", "status.readyReplicas >= 2"],
    ["fails", "Fails if (CEL)", "status.readyReplicas == 0"],
  ],
  HTTP: [
    ["url", "Address", "https://example.com/ready"],
    ["method", "Method", "GET"],
    ["body", "Body", ""],
    ["timeout", "Time limit", "10s"],
    ["passes", "Passes if (CEL)", "A status from 200 to 299"],
    ["fails", "Fails if (CEL)", "status >= 500"],
  ],
  JOB: [
    ["image", "Image", "registry.example.com/tests:1.0"],
    ["timeout", "Time limit", "5m"],
  ],
  PROMETHEUS: [
    ["url", "Address", "https://prometheus.example.com"],
    ["query", "Query", "sum(rate(http_errors_total[5m]))"],
    ["timeout", "Time limit", "10s"],
    ["passes", "Passes if (CEL)", "result[0] < 0.01"],
    ["fails", "Fails if (CEL)", "result[0] > 0.1"],
  ],
};

/** The checks before or after a wave. */
export function Checks({
  id,
  where,
  checks,
  problemsAt,
  change,
}: {
  id: string;
  /** Where the checks are, such as `after wave 1`. */
  where: string;
  checks: Check[];
  /** The problems of the check at an index. */
  problemsAt: (index: number, ...path: string[]) => string[];
  change: (checks: Check[]) => void;
}) {
  return (
    <fieldset className="stack tight">
      <legend className="label">Checks {where}</legend>
      {checks.map((check, index) => (
        <CheckFields
          key={check.key}
          id={`${id}-${check.key}`}
          check={check}
          problemsAt={(...path) => problemsAt(index, ...path)}
          change={(changes) => change(checks.map((one, at) => (at === index ? { ...one, ...changes } : one)))}
          remove={() => change(checks.filter((_, at) => at !== index))}
        />
      ))}
      <div>
        <button type="button" className="button slim" onClick={() => change([...checks, newCheck(checks)])}>
          Add a check {where}
        </button>
      </div>
    </fieldset>
  );
}

function CheckFields({
  id,
  check,
  problemsAt,
  change,
  remove,
}: {
  id: string;
  check: Check;
  problemsAt: ProblemsAt;
  change: (changes: Partial<Check>) => void;
  remove: () => void;
}) {
  const kind = check.kind.toLowerCase();
  return (
    <div className="wave stack tight">
      <div className="fields">
        <Field id={`${id}-name`} label="Check" problems={problemsAt("name")}>
          {(props) => (
            <input {...props} value={check.name} onChange={({ target }) => change({ name: target.value })} />
          )}
        </Field>
        <Field id={`${id}-kind`} label="Measures" problems={[]}>
          {(props) => (
            <select
              {...props}
              value={check.kind}
              onChange={({ target }) =>
                change({ kind: target.value as CheckKind, spec: NOTHING[target.value as CheckKind] })
              }
            >
              {Object.entries(KINDS).map(([kind, words]) => (
                <option key={kind} value={kind}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        {FIELDS[check.kind].map(([name, words, hint]) => (
          <Field key={name} id={`${id}-${kind}-${name}`} label={words} problems={problemsAt(kind, name)}>
            {(props) => (
              <input
                {...props}
                placeholder={hint}
                value={String(check.spec[name] ?? "")}
                onChange={({ target }) =>
                  change({
                    spec: { ...check.spec, [name]: target.value || (NOTHING[check.kind][name] ?? null) },
                  })
                }
              />
            )}
          </Field>
        ))}
        {LIMITS.map(([name, words]) => (
          <Field key={name} id={`${id}-${name}`} label={words} problems={problemsAt(name)}>
            {(props) => (
              <input
                {...props}
                value={check[name]}
                onChange={({ target }) => change({ [name]: target.value.trim() })}
              />
            )}
          </Field>
        ))}
      </div>
      <div>
        <button type="button" className="button slim" onClick={remove}>
          Remove the check {check.name}
        </button>
      </div>
    </div>
  );
}
