import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { type DeploymentLineFragment, DeploymentsDocument, type TargetStatus } from "../graphql";
import { deploymentPath, groupPath, useAddress } from "../parts/address";
import { Choice, useGroupChoices } from "../parts/choice";
import { Glyph, ofHealth, shapeOf, toneOf } from "../parts/glyph";
import { Listing } from "../parts/listing";
import { by } from "../parts/order";
import { Search } from "../parts/search";
import { EmptyState } from "../parts/states";
import { type Column, Table } from "../parts/table";
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
        <Listing
          pages={pages}
          more="More deployments"
          blank={
            search || group || status ? (
              <EmptyState title="Nothing matches" />
            ) : (
              <EmptyState title="No deployments yet">
                <p>A deployment installs a chart on the clusters of a group.</p>
              </EmptyState>
            )
          }
        >
          {(deployments) => (
            <Table
              label="Deployments"
              columns={COLUMNS}
              rows={deployments}
              keyOf={({ id }) => id}
              isComplete={!pages.more}
            />
          )}
        </Listing>
      </section>
    </>
  );
}

const COLUMNS: Column<DeploymentLineFragment>[] = [
  {
    title: "Deployment",
    compare: by(({ releaseName }) => releaseName),
    cell: ({ group, releaseName, namespace }) => (
      <>
        <Link href={deploymentPath(group.name, releaseName)}>{releaseName}</Link>
        <p className="soft small">{namespace}</p>
      </>
    ),
  },
  {
    title: "Status",
    cell: ({ statusCounts }) => (
      <Counts
        counts={statusCounts.map(({ status, count }) => ({
          count,
          words: STATUS_WORDS[status],
          tone: toneOf(status),
          shape: shapeOf(status),
        }))}
      />
    ),
  },
  {
    title: "Health",
    cell: ({ healthCounts }) => (
      <Counts
        counts={healthCounts.map(({ health, count }) => {
          const [tone, shape] = ofHealth(health);
          return { count, words: HEALTH_WORDS[health], tone, shape };
        })}
      />
    ),
  },
  {
    title: "Chart",
    compare: by(({ chart, chartVersion }) => `${chart} ${chartVersion}`),
    cell: ({ chart, chartVersion }) => (
      <>
        {chart} {chartVersion}
      </>
    ),
  },
  {
    title: "Group",
    compare: by(({ group }) => group.name),
    cell: ({ group }) => <Link href={groupPath(group.name)}>{group.name}</Link>,
  },
];

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
