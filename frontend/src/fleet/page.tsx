import { useQuery } from "urql";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { useOrganization } from "../api/session";
import { FleetChoicesDocument, FleetColumnsDocument, FleetSummaryDocument } from "../graphql";
import { Glyph, shapeOf, toneOf } from "../parts/glyph";
import { Search } from "../parts/search";
import { Blank, Loading, Trouble } from "../parts/states";
import { STATUS_WORDS } from "../values/words";
import { CLOUDS, STATUSES, useFleetFilter } from "./filter";
import { Matrix } from "./matrix";
import { useFleetRows } from "./pages";

/** Events tell whatever changes; this is for a page that stays open while its laptop sleeps. */
const SLOWLY = 300_000;

export function FleetPage() {
  const organization = useOrganization();
  const { filter, change, toggle, isNarrow } = useFleetFilter();
  const [summary, askSummary] = useQuery({
    query: FleetSummaryDocument,
    variables: { organization, filter },
  });
  const [columns, askColumns] = useQuery({
    query: FleetColumnsDocument,
    variables: { organization, filter },
  });
  const [choices] = useQuery({ query: FleetChoicesDocument, variables: { organization } });
  const rows = useFleetRows(filter);
  useRefresh("target deployment cluster cluster_group", () => askSummary({ requestPolicy: "network-only" }));
  useRefresh("deployment cluster_group", () => askColumns({ requestPolicy: "network-only" }));
  useRefresh(
    filter.status ? "target deployment cluster cluster_group" : "deployment cluster cluster_group",
    rows.refresh,
  );
  useFresh(rows.refresh, SLOWLY);

  const counts = new Map(summary.data?.fleet.statusCounts.map(({ status, count }) => [status, count]));
  const deployments = columns.data?.fleet.deployments.nodes ?? [];
  const charts = [
    ...new Set([...deployments.map((found) => found.chart), ...(filter.chart ? [filter.chart] : [])]),
  ].sort();
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const error = rows.error ?? columns.error;

  return (
    <>
      <div className="head">
        <div>
          <h1>Fleet</h1>
          <p className="soft">
            {summary.data
              ? `${total.toLocaleString()} ${total === 1 ? "target" : "targets"}, ${summary.data.fleet.clusterCount.toLocaleString()} ${summary.data.fleet.clusterCount === 1 ? "cluster" : "clusters"}`
              : " "}
          </p>
        </div>
        <Link href="/create" className="button first">
          Deploy a chart
        </Link>
      </div>

      <div className="filters">
        <Search label="Cluster, release or chart" value={filter.search ?? ""} change={(q) => change({ q })} />
        <Choice
          label="All groups"
          value={filter.group ?? ""}
          options={choices.data?.clusterGroups.nodes.map((group) => group.name) ?? []}
          change={(group) => change({ group })}
        />
        <Choice
          label="All clouds"
          value={filter.cloud ?? ""}
          options={CLOUDS}
          change={(cloud) => change({ cloud })}
        />
        <Choice
          label="All charts"
          value={filter.chart ?? ""}
          options={charts}
          change={(chart) => change({ chart })}
        />
      </div>

      <fieldset className="counts">
        <legend className="hidden">Statuses</legend>
        {STATUSES.filter((status) => counts.has(status) || filter.status?.includes(status)).map((status) => (
          <button
            key={status}
            type="button"
            className={`count tone-${toneOf(status)}`}
            aria-pressed={filter.status?.includes(status) ?? false}
            onClick={() => toggle(status)}
          >
            <Glyph shape={shapeOf(status)} />
            <b>{(counts.get(status) ?? 0).toLocaleString()}</b>
            {STATUS_WORDS[status]}
          </button>
        ))}
      </fieldset>

      {error && rows.rows.length === 0 ? (
        <Trouble error={error} retry={rows.reload} />
      ) : rows.rows.length > 0 && columns.data ? (
        <Matrix
          key={JSON.stringify(filter)}
          rows={rows.rows}
          columns={deployments}
          more={rows.more}
          see={rows.see}
          chosen={filter.status ?? []}
        />
      ) : rows.more || !columns.data ? (
        <div className="card">
          <Loading lines={8} />
        </div>
      ) : (
        <Nothing
          isNarrow={isNarrow}
          clear={() => change({ q: null, group: null, cloud: null, chart: null, status: null })}
        />
      )}
    </>
  );
}

function Nothing({ isNarrow, clear }: { isNarrow: boolean; clear: () => void }) {
  if (isNarrow) {
    return (
      <Blank title="Nothing matches">
        <p>No cluster has what you are looking for.</p>
        <button type="button" className="button" onClick={clear}>
          Clear the filters
        </button>
      </Blank>
    );
  }
  return (
    <Blank title="No clusters yet">
      <p>
        Register the clusters that you want to deploy to, and make a group of them. Then deploy a chart to the
        group.
      </p>
      <Link href="/register" className="button first">
        Register a cluster
      </Link>
    </Blank>
  );
}

function Choice({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: string;
  options: string[];
  change: (value: string) => void;
}) {
  return (
    <select
      className="input"
      aria-label={label}
      value={value}
      onChange={(event) => change(event.target.value)}
    >
      <option value="">{label}</option>
      {options.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </select>
  );
}
