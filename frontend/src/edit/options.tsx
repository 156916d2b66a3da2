import type { Draft } from "./draft";

/** How actions are done. */
export function Options({ draft, change }: { draft: Draft; change: (changes: Partial<Draft>) => void }) {
  return (
    <details className="card padded">
      <summary>Options</summary>
      <div className="stack options">
        <label className="check">
          <input
            type="checkbox"
            checked={draft.atomic}
            onChange={(event) => change({ atomic: event.target.checked })}
          />
          Roll back a failed install or upgrade
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.wait}
            onChange={(event) => change({ wait: event.target.checked })}
          />
          Wait until resources are ready
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.driftPolicy === "CORRECT"}
            onChange={(event) => change({ driftPolicy: event.target.checked ? "CORRECT" : "REPORT" })}
          />
          Automatically revert manual changes
        </label>
        <div className="field">
          <label htmlFor="timeout">Timeout per action, in seconds</label>
          <input
            id="timeout"
            className="input slim"
            type="number"
            min={1}
            max={3600}
            value={draft.timeoutSeconds}
            onChange={(event) => change({ timeoutSeconds: Number(event.target.value) })}
          />
        </div>
      </div>
    </details>
  );
}
