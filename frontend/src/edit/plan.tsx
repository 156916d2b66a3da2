import { useMemo } from "react";
import { useYaml } from "../api/reading";
import type { PlannedFragment } from "../graphql";
import { asObject, type JsonObject } from "../json";
import { Unified } from "../parts/diff";
import { Glyph } from "../parts/glyph";
import { DefinitionChanges, ObjectChanges } from "../parts/object-changes";
import { ValueTable } from "../parts/value-table";
import { groupsOf, outlook, PlannedTarget } from "../plan/target";
import { changes } from "../values/origin";
import type { Wanted } from "./draft";

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
  const counts = new Map<ReturnType<typeof outlook>, number>();
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
        {groupsOf([...busy, ...idle]).map(([target, ...others]) => (
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
  return (
    <PlannedTarget
      target={target}
      clusters={clusters}
      hides={(reason) => target.reasons.some((one) => one === reason && one.code === "VALUES" && one.path)}
    >
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
      <DefinitionChanges changes={target.definitionChanges} cluster={target.clusterName} open={open} />
      <ObjectChanges changes={target.objectChanges} cluster={target.clusterName} open={open} />
    </PlannedTarget>
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
