import { useMemo } from "react";
import { useRefresh } from "../api/live";
import { useYaml } from "../api/reading";
import { useAnswer } from "../api/refetch";
import { type SourceFragment, TargetOriginsDocument } from "../graphql";
import { asObject, type Json, type JsonObject } from "../json";
import { useAddress } from "../parts/address";
import { EmptyState, Loading, QueryError } from "../parts/states";
import { ValueTable } from "../parts/value-table";
import { compare } from "../values/origin";

type Sources = { valuesFrom: SourceFragment[] };

/** The desired values of a target beside the installed ones, and the layer that each value comes from. */
export function ValuesOfTarget({
  target,
  deployment,
}: {
  target: {
    id: string;
    clusterName: string;
    values: Json | null;
    reasons: { code: string; path: string | null }[];
  };
  deployment: Sources & {
    defaultValues: string;
    selectorOverrides: Sources[];
    valueOverrides: (Sources & { cluster: string })[];
  };
}) {
  const [params, change] = useAddress();
  const onlyDifferent = params.get("differing") === "1";
  const override = deployment.valueOverrides.find((one) => one.cluster === target.clusterName);
  const references = [
    ...deployment.valuesFrom,
    ...deployment.selectorOverrides.flatMap((one) => one.valuesFrom),
    ...(override?.valuesFrom ?? []),
  ];
  const origins = useAnswer(TargetOriginsDocument, { id: target.id });
  useRefresh("deployment target cluster", origins.refresh);
  const { node } = origins.asked.data ?? {};
  const values = node?.__typename === "DeploymentTarget" ? node.valueOrigins : null;
  const defaults = JSON.stringify(useYaml([deployment.defaultValues])?.[0] ?? {});
  const lines = useMemo(
    () =>
      compare(
        JSON.parse(defaults) as JsonObject,
        values ?? [],
        target.values === null ? null : asObject(target.values),
        target.reasons.flatMap((reason) => (reason.code === "SECRET" && reason.path ? [reason.path] : [])),
      ),
    [values, target, defaults],
  );
  const differing = lines.filter((line) => line.differs);
  const shown = onlyDifferent ? differing : lines;
  if (values === null && origins.asked.error)
    return <QueryError error={origins.asked.error} retry={origins.refresh} />;
  if (values === null) return <Loading lines={6} />;
  return (
    <>
      <label className="check small inset">
        <input
          type="checkbox"
          checked={onlyDifferent}
          onChange={(event) => change({ differing: event.target.checked ? "1" : null })}
        />
        Only differences ({differing.length})
      </label>
      {shown.length === 0 ? (
        <EmptyState title={onlyDifferent ? "No differences" : "No values"}>
          {onlyDifferent && <p>The installed values match the desired values.</p>}
        </EmptyState>
      ) : (
        <ValueTable lines={shown} isInstalled={target.values !== null} references={references} marked />
      )}
    </>
  );
}
