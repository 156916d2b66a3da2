import { CRD_POLICIES, type CrdPolicy, LIVE_DRIFTS, type LiveDrift, REMEDIES, type Remedy } from "../graphql";
import { CRD_POLICY_WORDS, liveDriftWords, REMEDY_WORDS } from "../values/words";
import { Dependencies } from "./dependencies";
import type { Draft } from "./draft";
import { IgnoreRules } from "./ignore-rules";

/** How actions are done. */
export function Options({
  draft,
  open,
  change,
}: {
  draft: Draft;
  /** Whether it is open at first. */
  open?: boolean;
  change: (changes: Partial<Draft>) => void;
}) {
  return (
    <details className="card padded" open={open}>
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
        <div className="field">
          <label htmlFor="remedy">After a failed install or upgrade</label>
          <select
            id="remedy"
            className="input slim"
            value={draft.remediation.remedy}
            onChange={(event) =>
              change({ remediation: { ...draft.remediation, remedy: event.target.value as Remedy } })
            }
          >
            {REMEDIES.map((remedy) => (
              <option key={remedy} value={remedy}>
                {REMEDY_WORDS[remedy]}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor="retries">Retries before that</label>
          <input
            id="retries"
            className="input slim"
            type="number"
            min={0}
            max={10}
            value={draft.remediation.retries}
            onChange={(event) =>
              change({ remediation: { ...draft.remediation, retries: Number(event.target.value) } })
            }
          />
        </div>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.driftPolicy === "CORRECT"}
            onChange={(event) => change({ driftPolicy: event.target.checked ? "CORRECT" : "REPORT" })}
          />
          Automatically revert manual changes
        </label>
        <div className="field">
          <label htmlFor="crd-policy">CustomResourceDefinitions of the chart</label>
          <select
            id="crd-policy"
            className="input slim"
            value={draft.crdPolicy}
            onChange={(event) => change({ crdPolicy: event.target.value as CrdPolicy })}
          >
            {CRD_POLICIES.map((policy) => (
              <option key={policy} value={policy}>
                {CRD_POLICY_WORDS[policy]}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor="live-drift">Drift of live objects</label>
          <select
            id="live-drift"
            className="input slim"
            value={draft.liveDrift}
            onChange={(event) => change({ liveDrift: event.target.value as LiveDrift })}
          >
            {LIVE_DRIFTS.map((mode) => (
              <option key={mode} value={mode}>
                {liveDriftWords(mode)}
              </option>
            ))}
          </select>
        </div>
        <IgnoreRules
          rules={draft.liveDriftIgnore}
          change={(liveDriftIgnore) => change({ liveDriftIgnore })}
        />
        <Dependencies dependencies={draft.dependsOn} change={(dependsOn) => change({ dependsOn })} />
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
