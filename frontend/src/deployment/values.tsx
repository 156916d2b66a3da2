import { useMemo, useState } from "react";
import { useAnswer } from "../api/anew";
import { useRefresh } from "../api/live";
import { useYaml } from "../api/reading";
import { DeploymentValuesDocument, type DeploymentValuesQuery, TargetOriginsDocument } from "../graphql";
import { asObject, type JsonObject } from "../json";
import { useAddress } from "../parts/address";
import { Answer, Blank, Loading } from "../parts/states";
import { Ago } from "../parts/time";
import { ValueTable } from "../parts/value-table";
import { compare } from "../values/origin";
import { Compared } from "./compared";
import type { Deployment } from "./types";

type Found = Extract<NonNullable<DeploymentValuesQuery["node"]>, { __typename: "Deployment" }>;
type Target = Found["targets"][number];

export function Values({ deployment }: { deployment: Deployment }) {
  const { asked, ask, refresh } = useAnswer(DeploymentValuesDocument, { id: deployment.id });
  useRefresh("deployment target", refresh);
  return (
    <Answer asked={asked} retry={ask}>
      {({ node }) =>
        node?.__typename === "Deployment" && node.targets.length > 0 ? (
          <Beside found={node} />
        ) : (
          <Blank title="No targets" />
        )
      }
    </Answer>
  );
}

/** What is wanted on one cluster beside what is installed there, and from which layer each value comes. */
function Beside({ found }: { found: Found }) {
  const [params, change] = useAddress();
  // Once chosen it stays, though it may be reconciled meanwhile.
  const [first] = useState(() => found.targets.find(hasOtherValues)?.clusterName);
  const named = (name: string | null | undefined) => found.targets.find((one) => one.clusterName === name);
  const target = named(params.get("cluster")) ?? named(first) ?? found.targets[0]!;
  const onlyDifferent = params.get("differing") === "1";
  const other = named(params.get("compared"));
  const override = found.valueOverrides.find((one) => one.cluster === target.clusterName);
  const references = [
    ...found.valuesFrom,
    ...found.selectorOverrides.flatMap((one) => one.valuesFrom),
    ...(override?.valuesFrom ?? []),
  ];
  const origins = useAnswer(TargetOriginsDocument, { id: target.id });
  useRefresh("deployment target cluster", origins.refresh);
  const { node } = origins.asked.data ?? {};
  const told = node?.__typename === "DeploymentTarget" ? node.valueOrigins : null;
  const defaults = JSON.stringify(useYaml([found.defaultValues])?.[0] ?? {});
  const lines = useMemo(
    () =>
      compare(
        JSON.parse(defaults) as JsonObject,
        told ?? [],
        target.values === null ? null : asObject(target.values),
        target.reasons.flatMap((reason) => (reason.code === "SECRET" && reason.path ? [reason.path] : [])),
      ),
    [told, target, defaults],
  );
  const differing = lines.filter((line) => line.differs).length;
  const shown = onlyDifferent ? lines.filter((line) => line.differs) : lines;

  return (
    <section className="card" aria-label="Values">
      <header>
        <div className="row">
          <label className="label" htmlFor="of-cluster">
            On
          </label>
          <select
            id="of-cluster"
            className="input slim"
            value={target.clusterName}
            onChange={(event) => change({ cluster: event.target.value })}
          >
            {found.targets.map((one) => (
              <option key={one.id}>{one.clusterName}</option>
            ))}
          </select>
          {found.targets.length > 1 && (
            <select
              className="input slim"
              aria-label="Compare with"
              value={other?.clusterName ?? ""}
              onChange={(event) => change({ compared: event.target.value || null })}
            >
              <option value="">Compare with…</option>
              {found.targets
                .filter((one) => one !== target)
                .map((one) => (
                  <option key={one.id}>{one.clusterName}</option>
                ))}
            </select>
          )}
          {target.observedAt && (
            <span className="soft small">
              as seen <Ago at={target.observedAt} />
            </span>
          )}
        </div>
        <label className="check small">
          <input
            type="checkbox"
            checked={onlyDifferent}
            onChange={(event) => change({ differing: event.target.checked ? "1" : null })}
          />
          Only what differs ({differing})
        </label>
      </header>
      {other && other !== target ? (
        <Compared a={target.id} b={other.id} />
      ) : told === null ? (
        <Loading lines={6} />
      ) : shown.length === 0 ? (
        <Blank title={onlyDifferent ? "No differences" : "No values"}>
          {onlyDifferent && <p>The installed values match the desired values.</p>}
        </Blank>
      ) : (
        <ValueTable lines={shown} isInstalled={target.values !== null} references={references} marked />
      )}
    </section>
  );
}

function hasOtherValues(target: Target): boolean {
  return target.reasons.some(({ code }) => code === "VALUES" || code === "SECRET");
}
