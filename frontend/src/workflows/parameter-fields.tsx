import type { Refusal } from "../api/outcome";
import { OneOf } from "../parts/choice";
import { Field } from "../parts/field";
import { type Parameter, problemsOf } from "./parameters";

/** A field for each parameter of a workflow, with what is wrong with it. */
export function ParameterFields({
  parameters,
  texts,
  change,
  refusal,
}: {
  parameters: Parameter[];
  texts: Record<string, string>;
  change: (texts: Record<string, string>) => void;
  refusal: Refusal | null;
}) {
  return parameters.map((parameter) => (
    <ParameterField
      key={parameter.name}
      parameter={parameter}
      text={texts[parameter.name] ?? parameter.initial}
      change={(text) => change({ ...texts, [parameter.name]: text })}
      problems={problemsOf(refusal, parameter.name)}
    />
  ));
}

/** A refusal without the problems that the fields of the parameters show. */
export function withoutParameters(refusal: Refusal | null, parameters: Parameter[]): Refusal | null {
  if (!refusal || refusal.problems.length === 0) return refusal;
  const names = parameters.map(({ name }) => name);
  const isShown = ({ path }: { path: string[] }) => path[0] === "parameters" && names.includes(path[1] ?? "");
  return refusal.problems.some(isShown)
    ? { ...refusal, problems: refusal.problems.filter((problem) => !isShown(problem)) }
    : refusal;
}

function ParameterField({
  parameter: { name, kind, description, isRequired, choices },
  text,
  change,
  problems,
}: {
  parameter: Parameter;
  text: string;
  change: (text: string) => void;
  problems: string[];
}) {
  const notes = [
    description,
    kind === "yaml" && "In YAML or JSON.",
    !isRequired && kind !== "switch" && "Optional.",
  ];
  const hint = notes.filter(Boolean).join(" ") || undefined;
  return (
    <Field id={`parameter-${name}`} label={name} hint={hint} problems={problems}>
      {(props) => {
        if (kind === "switch") {
          return (
            <input
              {...props}
              className=""
              type="checkbox"
              checked={text === "true"}
              onChange={(event) => change(String(event.target.checked))}
            />
          );
        }
        if (kind === "choice") {
          return <OneOf id={props.id} names={choices} value={text} change={change} none="Not set" />;
        }
        if (kind === "yaml") {
          return (
            <textarea {...props} rows={3} value={text} onChange={(event) => change(event.target.value)} />
          );
        }
        return (
          <input
            {...props}
            inputMode={kind === "number" ? "decimal" : undefined}
            value={text}
            onChange={(event) => change(event.target.value)}
          />
        );
      }}
    </Field>
  );
}
