import { useState } from "react";
import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { DeploymentValuesDocument, type DeploymentValuesQuery } from "../graphql";
import { useAddress } from "../parts/address";
import { EmptyState, QueryResult } from "../parts/states";
import { Ago } from "../parts/time";
import { Compared } from "./compared";
import type { Deployment } from "./types";
import { ValuesOfTarget } from "./values-of-target";

type Found = Extract<NonNullable<DeploymentValuesQuery["node"]>, { __typename: "Deployment" }>;
type Target = Found["targets"][number];

export function Values({ deployment }: { deployment: Deployment }) {
  const { asked, ask, refresh } = useAnswer(DeploymentValuesDocument, { id: deployment.id });
  useRefresh("deployment target", refresh);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ node }) =>
        node?.__typename === "Deployment" && node.targets.length > 0 ? (
          <Beside found={node} />
        ) : (
          <EmptyState title="No targets" />
        )
      }
    </QueryResult>
  );
}

/** What is wanted on one cluster beside what is installed there, and from which layer each value comes. */
function Beside({ found }: { found: Found }) {
  const [params, change] = useAddress();
  // Once chosen it stays, though it may be reconciled meanwhile.
  const [first] = useState(() => found.targets.find(hasOtherValues)?.clusterName);
  const named = (name: string | null | undefined) => found.targets.find((one) => one.clusterName === name);
  const target = named(params.get("cluster")) ?? named(first) ?? found.targets[0]!;
  const other = named(params.get("compared"));
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
      </header>
      {other && other !== target ? (
        <Compared a={target.id} b={other.id} />
      ) : (
        <ValuesOfTarget target={target} deployment={found} />
      )}
    </section>
  );
}

function hasOtherValues(target: Target): boolean {
  return target.reasons.some(({ code }) => code === "VALUES" || code === "SECRET");
}
