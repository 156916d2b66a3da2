import { useMemo } from "react";
import type { PlannedFragment } from "../graphql";
import { asObject, type JsonObject } from "../json";
import { Unified } from "../parts/diff";
import { Glyph, type Tone } from "../parts/glyph";
import { ValueTable } from "../parts/value-table";
import { changes } from "../values/origin";
import type { Wanted } from "./draft";
import { parsed } from "./values";

const ACTIONS: Record<PlannedFragment["action"], [string, Tone, Parameters<typeof Glyph>[0]["shape"]]> = {
  NONE: ["Nothing to do", "none", "hollow"],
  INSTALL: ["Install", "busy", "plus"],
  UPGRADE: ["Upgrade", "busy", "up"],
  ROLLBACK: ["Roll back", "warn", "back"],
  UNINSTALL: ["Uninstall", "bad", "minus"],
};

/** What would be done on each cluster: the action, which values change and where they come from, and the manifests. */
export function Plan({
  targets,
  wanted,
  defaultValues,
}: {
  targets: PlannedFragment[];
  wanted: Wanted;
  defaultValues: string;
}) {
  const defaults = useMemo(() => parsed(defaultValues), [defaultValues]);
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
          <Target
            key={target.clusterName}
            target={target}
            wanted={wanted}
            defaults={defaults}
            open={targets.length <= 5}
          />
        ))}
      </ul>
    </section>
  );
}

function Target({
  target,
  wanted,
  defaults,
  open,
}: {
  target: PlannedFragment;
  wanted: Wanted;
  defaults: JsonObject;
  open: boolean;
}) {
  const [words, tone, shape] = ACTIONS[target.action];
  const lines = useMemo(() => changedValues(target, wanted, defaults), [target, wanted, defaults]);
  const reasons = target.reasons.filter(
    (reason) => reason.message !== target.error?.message && !(reason.code === "VALUES" && reason.path),
  );
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
      {lines.length > 0 && (
        <details open={open}>
          <summary>
            {target.action === "INSTALL" ? "Its values" : "What changes in its values"} ({lines.length})
          </summary>
          <ValueTable
            lines={lines}
            isInstalled={target.action !== "INSTALL"}
            references={[...wanted.valuesFrom, ...(overrideFor(target, wanted)?.valuesFrom ?? [])]}
          />
        </details>
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

function overrideFor(target: PlannedFragment, wanted: Wanted) {
  return wanted.valueOverrides.find((one) => one.cluster === target.clusterName);
}

function changedValues(target: PlannedFragment, wanted: Wanted, defaults: JsonObject) {
  if (target.action !== "INSTALL" && target.action !== "UPGRADE") return [];
  const override = overrideFor(target, wanted)?.values;
  // Where another version is installed, what its chart has as defaults is not known here.
  const before = target.reasons.some((reason) => reason.code.startsWith("CHART_")) ? {} : defaults;
  const layers = { defaults, before, common: wanted.values, override: asObject(override ?? {}) };
  const told = target.reasons.filter((reason) => reason.code === "VALUES");
  return changes(layers, asObject(target.desiredValues), target.action === "INSTALL" ? null : told);
}
