import { useMemo } from "react";
import { useYaml } from "../api/reading";
import type { PlannedFragment } from "../graphql";
import { asObject, type JsonObject } from "../json";
import { Unified } from "../parts/diff";
import { someOf } from "../parts/errors";
import { Glyph, type Tone } from "../parts/glyph";
import { ValueTable } from "../parts/value-table";
import { alike } from "../values/alike";
import { changes } from "../values/origin";
import type { Wanted } from "./draft";

type Failed = { error: { code: string } | null };

type Outlook = [string, Tone, Parameters<typeof Glyph>[0]["shape"]];

const ACTIONS: Record<PlannedFragment["action"], Outlook> = {
  NONE: ["Nothing to do", "none", "hollow"],
  INSTALL: ["Install", "busy", "plus"],
  UPGRADE: ["Upgrade", "busy", "up"],
  ROLLBACK: ["Roll back", "warn", "back"],
  UNINSTALL: ["Uninstall", "bad", "minus"],
  CORRECTION: ["Correct objects", "busy", "up"],
};
const UNREACHABLE: Outlook = ["Unknown", "unsure", "question"];
const REFUSED: Outlook = ["Not possible", "bad", "cross"];

/** The plan of a cluster in one label. It is unknown if the cluster is unreachable. */
export function outlook({ action, error }: Pick<PlannedFragment, "action"> & Failed): Outlook {
  if (!error || action !== "NONE") return ACTIONS[action];
  return error.code === "cluster_unreachable" ? UNREACHABLE : REFUSED;
}

/**
 * What would be done on each cluster: the action, which values change and where they come from, and the manifests.
 * Clusters with an equal error share one entry.
 */
export function Plan({
  targets,
  wanted,
  defaultValues,
}: {
  targets: PlannedFragment[];
  wanted: Wanted;
  defaultValues: string;
}) {
  const counts = new Map<Outlook, number>();
  for (const found of targets.map(outlook)) counts.set(found, (counts.get(found) ?? 0) + 1);
  // What is to be done comes first, and shows all of it as long as it is little.
  const [busy, idle] = [targets.filter(isBusy), targets.filter((target) => !isBusy(target))];
  return (
    <section className="card" aria-labelledby="plan-head">
      <header>
        <h2 id="plan-head">The plan</h2>
        <span className="row wide">
          {[...counts].map(([[words, tone, shape], count]) => (
            <span key={words} className={`status tone-${tone}`}>
              <Glyph shape={shape} />
              {words} on {count}
            </span>
          ))}
        </span>
      </header>
      <ul className="list plan">
        {alike([...busy, ...idle], errorOf).map(([target, ...others]) => (
          <Target
            key={target.clusterName}
            target={target}
            clusters={[target, ...others].map((each) => each.clusterName)}
            wanted={wanted}
            defaultValues={defaultValues}
            open={busy.length <= 5}
          />
        ))}
      </ul>
    </section>
  );
}

/** A target with values or manifests to show has an entry of its own. */
function errorOf({
  action,
  error,
  warnings,
  reasons,
  manifest,
  manifestDiff,
}: PlannedFragment): string | null {
  if (!error || manifest || manifestDiff) return null;
  return JSON.stringify([action, error, warnings, reasons]);
}

function isBusy(target: PlannedFragment): boolean {
  return target.action !== "NONE" || target.error !== null;
}

function Target({
  target,
  clusters,
  wanted,
  defaultValues,
  open,
}: {
  target: PlannedFragment;
  /** The names of all clusters that it stands for. */
  clusters: string[];
  wanted: Wanted;
  defaultValues: string;
  open: boolean;
}) {
  const [words, tone, shape] = outlook(target);
  const read = JSON.stringify(
    useYaml([defaultValues, wanted.valuesYaml, overrideFor(target, wanted)?.valuesYaml ?? ""]),
  );
  // With selectors or expressions, only the server knows from which layer a value comes.
  const isKnown =
    wanted.selectorOverrides.length === 0 && !textsOf(wanted).some((text) => text.includes("${{"));
  const lines = useMemo(() => {
    const found = changedValues(target, JSON.parse(read));
    return isKnown ? found : found.map((line) => ({ ...line, origin: null }));
  }, [target, read, isKnown]);
  const reasons = target.reasons.filter(
    (reason) => reason.message !== target.error?.message && !(reason.code === "VALUES" && reason.path),
  );
  return (
    <li data-cluster={target.clusterName} data-action={target.action}>
      <div className="row wide">
        <b>{someOf(clusters)}</b>
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
      {target.warnings.length > 0 && (
        <div className="note warn">
          <Glyph shape="question" />
          <div>
            {target.warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
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
            {target.action === "INSTALL" ? "Values" : "Changes of values"} ({lines.length})
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
          <summary>Changes of manifests</summary>
          <Unified diff={target.manifestDiff} label={`Changes on ${target.clusterName}`} />
        </details>
      ) : (
        target.manifest &&
        target.action === "INSTALL" && (
          <details>
            <summary>Manifests</summary>
            <pre className="code">{target.manifest}</pre>
          </details>
        )
      )}
    </li>
  );
}

function textsOf(wanted: Wanted): string[] {
  return [wanted.valuesYaml, ...wanted.valueOverrides.map((one) => one.valuesYaml ?? "")];
}

function overrideFor(target: PlannedFragment, wanted: Wanted) {
  return wanted.valueOverrides.find((one) => one.cluster === target.clusterName);
}

function changedValues(target: PlannedFragment, read: JsonObject[] | null) {
  if (!read) return [];
  const [defaults, common, override] = read as [JsonObject, JsonObject, JsonObject];
  if (target.action !== "INSTALL" && target.action !== "UPGRADE") return [];
  // Where another version is installed, what its chart has as defaults is not known here.
  const before = target.reasons.some((reason) => reason.code.startsWith("CHART_")) ? {} : defaults;
  const layers = { defaults, before, common, override };
  const differences = target.reasons.filter((reason) => reason.code === "VALUES");
  return changes(layers, asObject(target.desiredValues), target.action === "INSTALL" ? null : differences);
}
