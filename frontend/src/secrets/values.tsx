import { useId } from "react";
import { blank, type Entry } from "./entries";

/** Keys and values of a secret. They can be written, and never read: of what is kept there is only the key. */
export function SecretValues({ entries, change }: { entries: Entry[]; change: (entries: Entry[]) => void }) {
  const set = (at: number, changes: Partial<Entry>) =>
    change(entries.map((entry, index) => (index === at ? { ...entry, ...changes } : entry)));
  return (
    <fieldset className="stack tight">
      <legend className="label">Values</legend>
      {entries.map((entry, index) => (
        <Line
          key={index}
          entry={entry}
          change={(changes) => set(index, changes)}
          remove={() => change(entries.filter((_, other) => other !== index))}
        />
      ))}
      <div>
        <button type="button" className="button slim" onClick={() => change([...entries, blank()])}>
          Add key
        </button>
      </div>
    </fieldset>
  );
}

function Line({
  entry,
  change,
  remove,
}: {
  entry: Entry;
  change: (changes: Partial<Entry>) => void;
  remove: () => void;
}) {
  const id = useId();
  return (
    <div className="secret">
      <div className="field">
        <label htmlFor={`${id}-key`}>Key</label>
        <input
          id={`${id}-key`}
          className="input mono"
          value={entry.key}
          readOnly={entry.isKept}
          autoComplete="off"
          onChange={(event) => change({ key: event.target.value.trim() })}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-value`}>
          Value{entry.key && <span className="hidden"> of {entry.key}</span>}
        </label>
        <textarea
          id={`${id}-value`}
          className="input"
          rows={1}
          spellCheck={false}
          autoComplete="off"
          value={entry.value}
          disabled={entry.isTakenAway}
          placeholder={entry.isTakenAway ? "will be removed" : entry.isKept ? "unchanged" : ""}
          onChange={(event) => change({ value: event.target.value })}
        />
      </div>
      <div className="row">
        <label className="button slim">
          From a file
          <input
            type="file"
            className="hidden"
            disabled={entry.isTakenAway}
            onChange={async (event) => {
              const file = event.target.files?.[0];
              if (file) change({ value: await file.text() });
            }}
          />
        </label>
        {entry.isKept ? (
          <button
            type="button"
            className="button slim"
            aria-pressed={entry.isTakenAway}
            onClick={() => change({ isTakenAway: !entry.isTakenAway, value: "" })}
          >
            {entry.isTakenAway ? "Undo removal of" : "Remove"}
            <span className="hidden"> {entry.key}</span>
          </button>
        ) : (
          <button type="button" className="button slim" onClick={remove}>
            Remove<span className="hidden"> {entry.key}</span>
          </button>
        )}
      </div>
    </div>
  );
}
