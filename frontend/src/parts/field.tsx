import type { ReactNode } from "react";

type InputProps = { id: string; className: string; "aria-describedby"?: string; "aria-invalid"?: true };

/** A field with its label, its explanation, and what the server said is wrong with it. */
export function Field({
  id,
  label,
  hint,
  problems,
  children,
}: {
  id: string;
  label: string;
  hint?: string | undefined;
  problems: string[];
  children: (props: InputProps) => ReactNode;
}) {
  const props: InputProps = { id, className: "input" };
  if (hint || problems.length > 0) props["aria-describedby"] = `${id}-hint`;
  if (problems.length > 0) props["aria-invalid"] = true;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(props)}
      <div id={`${id}-hint`} className="small">
        {hint && <p className="soft">{hint}</p>}
        {problems.map((message) => (
          <p key={message} className="invalid" role="alert">
            {message}
          </p>
        ))}
      </div>
    </div>
  );
}
