import type { PlannedFragment } from "../graphql";
import { Unified } from "../parts/diff";
import { Glyph, type Tone } from "../parts/glyph";

const ACTIONS: Record<PlannedFragment["action"], [string, Tone, Parameters<typeof Glyph>[0]["shape"]]> = {
  NONE: ["Nothing to do", "none", "hollow"],
  INSTALL: ["Install", "busy", "plus"],
  UPGRADE: ["Upgrade", "busy", "up"],
  ROLLBACK: ["Roll back", "warn", "back"],
  UNINSTALL: ["Uninstall", "bad", "minus"],
};

/** What would be done on each cluster: the action, which values differ, and the difference in manifests. */
export function Plan({ targets }: { targets: PlannedFragment[] }) {
  const counts = new Map<PlannedFragment["action"], number>();
  for (const { action } of targets) counts.set(action, (counts.get(action) ?? 0) + 1);
  return (
    <section className="card" aria-labelledby="plan-head">
      <header>
        <h2 id="plan-head">The plan</h2>
        <span className="row wide">
          {[...counts].map(([action, count]) => (
            <span key={action} className={`status tone-${ACTIONS[action][1]}`}>
              <Glyph shape={ACTIONS[action][2]} />
              {ACTIONS[action][0]} on {count}
            </span>
          ))}
        </span>
      </header>
      <ul className="list plan">
        {targets.map((target) => (
          <Target key={target.clusterName} target={target} open={targets.length <= 5} />
        ))}
      </ul>
    </section>
  );
}

function Target({ target, open }: { target: PlannedFragment; open: boolean }) {
  const [words, tone, shape] = ACTIONS[target.action];
  const reasons = target.reasons.filter((reason) => reason.message !== target.error?.message);
  return (
    <li data-cluster={target.clusterName} data-action={target.action}>
      <div className="row wide">
        <b>{target.clusterName}</b>
        <span className={`status tone-${tone}`}>
          <Glyph shape={shape} />
          {words}
        </span>
      </div>
      {target.error && (
        <div className={`note ${target.error.code === "cluster_unreachable" ? "warn" : "bad"}`}>
          <Glyph shape={target.error.code === "cluster_unreachable" ? "question" : "cross"} />
          <div>
            <p>{target.error.message}</p>
            {target.error.output && <pre>{target.error.output}</pre>}
          </div>
        </div>
      )}
      {reasons.length > 0 && (
        <ul className="reasons small">
          {reasons.map((reason) => (
            <li key={reason.code + reason.message}>{reason.message}</li>
          ))}
        </ul>
      )}
      {target.manifestDiff ? (
        <details open={open}>
          <summary>What changes in its manifests</summary>
          <Unified diff={target.manifestDiff} label={`Changes on ${target.clusterName}`} />
        </details>
      ) : (
        target.manifest &&
        target.action === "INSTALL" && (
          <details>
            <summary>Its manifests</summary>
            <pre className="code">{target.manifest}</pre>
          </details>
        )
      )}
    </li>
  );
}
