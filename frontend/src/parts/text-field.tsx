/** A line of text with its label. */
export function TextField({
  id,
  label,
  hint,
  placeholder,
  value,
  change,
}: {
  id: string;
  label: string;
  hint?: string;
  placeholder?: string;
  value: string;
  change: (value: string) => void;
}) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input"
        aria-describedby={hint && `${id}-hint`}
        placeholder={placeholder}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
      {hint && (
        <p id={`${id}-hint`} className="soft small">
          {hint}
        </p>
      )}
    </div>
  );
}
