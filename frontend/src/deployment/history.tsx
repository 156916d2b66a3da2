import { type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { stringify } from "yaml";
import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { DeploymentHistoryDocument, type DeploymentHistoryQuery } from "../graphql";
import { deploymentPath, useAddress } from "../parts/address";
import { Difference } from "../parts/diff";
import { More } from "../parts/more";
import { QueryResult } from "../parts/states";
import { Ago } from "../parts/time";
import { asConditions, wordsOf } from "../values/selectors";
import { Promote } from "./promote";
import type { Deployment } from "./types";

export type Revision = Extract<
  NonNullable<DeploymentHistoryQuery["node"]>,
  { __typename: "Deployment" }
>["history"]["nodes"][number];

const SIZE = 50;

/** Every generation of what was wanted, and the difference between any two. */
export function History({ deployment }: { deployment: Deployment }) {
  const { id } = deployment;
  const [params] = useAddress();
  const pages = usePages(
    DeploymentHistoryDocument,
    { id },
    ({ node }) => (node?.__typename === "Deployment" ? node.history : null),
    SIZE,
  );
  useRefresh("deployment", pages.refresh);
  // Generations have no gaps: the oldest loaded one shows whether those in the address are loaded.
  const { data } = pages.asked;
  const oldest = Math.min(...[params.get("from"), params.get("to")].filter(Boolean).map(Number));
  const isMissing = pages.more && !!data && oldest < data.at(-1)!.generation;
  useEffect(() => {
    if (isMissing) pages.see(0, data.length);
  }, [isMissing, data, pages.see]);
  return (
    <QueryResult asked={pages.asked} retry={pages.reload}>
      {(revisions) => (
        <Between
          deployment={deployment}
          revisions={revisions}
          more={<More pages={pages} words="Older generations" />}
        />
      )}
    </QueryResult>
  );
}

function Between({
  deployment,
  revisions,
  more,
}: {
  deployment: Deployment;
  revisions: Revision[];
  more: ReactNode;
}) {
  const [params, change] = useAddress();
  const [promoting, setPromoting] = useState<number | null>(null);
  const find = (name: string) => revisions.find((one) => String(one.generation) === params.get(name));
  const to = find("to") ?? revisions[0]!;
  const from = find("from") ?? revisions[revisions.indexOf(to) + 1] ?? to;
  return (
    <div className="history">
      <section className="card" aria-label="Generations">
        <ul className="list">
          {revisions.map((revision) => (
            <li key={revision.generation} className={revision === to || revision === from ? "chosen" : ""}>
              <div className="row apart">
                <b>Generation {revision.generation}</b>
                <span className="soft small">
                  <Ago at={revision.createdAt} />
                </span>
              </div>
              <p className="soft small">
                chart {revision.chartVersion}, {revision.targets.length}{" "}
                {revision.targets.length === 1 ? "cluster" : "clusters"}
                {revision.author && `, by ${revision.author}`}
              </p>
              {revision.promotedFrom && (
                <p className="soft small">
                  promoted from {revision.promotedFrom.name}, generation {revision.promotedFrom.generation}
                </p>
              )}
              <div className="row small">
                <label className="check">
                  <input
                    type="radio"
                    name="from"
                    checked={revision === from}
                    onChange={() => change({ from: String(revision.generation) })}
                  />
                  from
                </label>
                <label className="check">
                  <input
                    type="radio"
                    name="to"
                    checked={revision === to}
                    onChange={() => change({ to: String(revision.generation) })}
                  />
                  to
                </label>
              </div>
            </li>
          ))}
        </ul>
        {more}
      </section>
      <section className="card padded stack" aria-label="Difference">
        <div className="row apart">
          <h2>
            {from === to
              ? `Generation ${to.generation}`
              : `From generation ${from.generation} to generation ${to.generation}`}
          </h2>
          <div className="row">
            {from.generation < deployment.generation && (
              <Link
                href={`${deploymentPath(deployment.group.name, deployment.releaseName)}/edit`}
                state={{ revision: from }}
                className="button slim"
              >
                Go back to generation {from.generation}
              </Link>
            )}
            <button type="button" className="button slim" onClick={() => setPromoting(to.generation)}>
              Promote generation {to.generation}
            </button>
          </div>
          {promoting !== null && (
            <Promote deployment={deployment} generation={promoting} close={() => setPromoting(null)} />
          )}
        </div>
        {from === to && revisions.length === 1 ? (
          <pre className="code">{written(to)}</pre>
        ) : (
          <Difference before={written(from)} after={written(to)} label="Difference of the generations" />
        )}
      </section>
    </div>
  );
}

/** A generation as one text: what can differ between two, in the words of `deploy apply -f`. */
function written(revision: Revision): string {
  const { chartVersion: version, targets, values, valuesFrom, valueOverrides, selectorOverrides } = revision;
  const { targetSelector } = revision;
  const overridesFrom = valueOverrides.filter((one) => one.valuesFrom.length > 0);
  return stringify(
    {
      version,
      targets,
      values,
      overrides: Object.fromEntries(valueOverrides.map((one) => [one.cluster, one.values])),
      ...(selectorOverrides.length > 0 && {
        selectorOverrides: selectorOverrides.map((one) => ({
          select: wordsOf(asConditions(one.select)),
          values: one.values,
          ...(one.valuesFrom.length > 0 && { valuesFrom: one.valuesFrom.map(named) }),
        })),
      }),
      ...(targetSelector && { targetSelector: wordsOf(asConditions(targetSelector)) }),
      ...(valuesFrom.length > 0 && { valuesFrom: valuesFrom.map(named) }),
      ...(overridesFrom.length > 0 && {
        overridesFrom: Object.fromEntries(
          overridesFrom.map((one) => [one.cluster, one.valuesFrom.map(named)]),
        ),
      }),
    },
    { sortMapEntries: true },
  );
}

function named({ secret, key, path }: Revision["valuesFrom"][number]) {
  return { secret, key, path };
}
