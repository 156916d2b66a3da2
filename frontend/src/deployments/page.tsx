import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { type DeploymentLineFragment, DeploymentsDocument, type TargetStatus } from "../graphql";
import { deploymentPath, groupPath, useAddress } from "../parts/address";
import { Choice, useGroupChoices } from "../parts/choice";
import { Glyph, ofHealth, shapeOf, toneOf } from "../parts/glyph";
import { More } from "../parts/more";
import { Search } from "../parts/search";
import { Answer, Blank } from "../parts/states";
import { Title } from "../parts/title";
import { HEALTH_WORDS, STATUS_WORDS } from "../values/words";

const SIZE = 100;
const SLOWLY = 300_000; // milliseconds; events report changes, except while the browser sleeps
const STATUSES = Object.keys(STATUS_WORDS) as TargetStatus[];

export default function DeploymentsPage() {
  const organization = useOrganization();
  const [params, change] = useAddress();
  const [search, group] = [params.get("q") || null, params.get("group") || null];
  const status = STATUSES.find((found) => found === params.get("status"));
  const variables = { organization, search, group, status: status ? [status] : null };
  const pages = usePages(DeploymentsDocument, variables, (data) => data.deployments, SIZE);
  const groups = useGroupChoices();
  useRefresh(status ? "deployment target cluster_group" : "deployment cluster_group", pages.refresh);
  useFresh(pages.refresh, SLOWLY);
  return (
    <>
      <div className="head">
        <Title words="Deployments" />
        <Link href="/create" className="button first">
          Deploy a chart
        </Link>
      </div>
      <div className="filters">
        <Search label="Release or chart" value={search ?? ""} change={(q) => change({ q })} />
        <Choice
          label="Group"
          choices={groups}
          value={group ?? ""}
          change={(chosen) => change({ group: chosen })}
          none="All groups"
        />
        <select
          className="input"
          aria-label="Status"
          value={status ?? ""}
          onChange={(event) => change({ status: event.target.value || null })}
        >
          <option value="">All statuses</option>
          {STATUSES.map((found) => (
            <option key={found} value={found}>
              {STATUS_WORDS[found]}
            </option>
          ))}
        </select>
      </div>
      <section className="card" aria-label="Deployments">
        <Answer asked={pages.asked} retry={pages.reload}>
          {(deployments) =>
            deployments.length > 0 ? (
              <>
                <DeploymentTable deployments={deployments} />
                <More pages={pages} words="More deployments" />
              </>
            ) : search || group || status ? (
              <Blank title="Nothing matches" />
            ) : (
              <Blank title="No deployments yet">
                <p>A deployment installs a chart on the clusters of a group.</p>
              </Blank>
            )
          }
        </Answer>
      </section>
    </>
  );
}

function DeploymentTable({ deployments }: { deployments: DeploymentLineFragment[] }) {
  return (
    <div className="table folds">
      <table>
        <thead>
          <tr>
            <th scope="col">Deployment</th>
            <th scope="col">Status</th>
            <th scope="col">Health</th>
            <th scope="col">Chart</th>
            <th scope="col">Group</th>
          </tr>
        </thead>
        <tbody>
          {deployments.map((deployment) => (
            <tr key={deployment.id}>
              <th scope="row">
                <Link href={deploymentPath(deployment.group.name, deployment.releaseName)}>
                  {deployment.releaseName}
                </Link>
                <p className="soft small">{deployment.namespace}</p>
              </th>
              <td>
                <Counts
                  counts={deployment.statusCounts.map(({ status, count }) => ({
                    count,
                    words: STATUS_WORDS[status],
                    tone: toneOf(status),
                    shape: shapeOf(status),
                  }))}
                />
              </td>
              <td>
                <Counts
                  counts={deployment.healthCounts.map(({ health, count }) => {
                    const [tone, shape] = ofHealth(health);
                    return { count, words: HEALTH_WORDS[health], tone, shape };
                  })}
                />
              </td>
              <td>
                {deployment.chart} {deployment.chartVersion}
              </td>
              <td>
                <Link href={groupPath(deployment.group.name)}>{deployment.group.name}</Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Count = { count: number; words: string; tone: string; shape: Parameters<typeof Glyph>[0]["shape"] };

function Counts({ counts }: { counts: Count[] }) {
  return (
    <span className="row">
      {counts.map(({ count, words, tone, shape }) => (
        <span key={words} className={`status tone-${tone}`}>
          <Glyph shape={shape} />
          {count} {words}
        </span>
      ))}
    </span>
  );
}
