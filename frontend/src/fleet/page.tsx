import { useCallback } from "react";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { FleetColumnsDocument, FleetRowsDocument, FleetSummaryDocument } from "../graphql";
import { Choice, OneOf, useGroupChoices } from "../parts/choice";
import { CountButtons, ofDrifts, ofHealths, ofStatuses } from "../parts/counts";
import { Search } from "../parts/search";
import { EmptyState, Loading, QueryError } from "../parts/states";
import { Title } from "../parts/title";
import { blocksOf, COLUMNS, ROWS, type Span } from "./blocks";
import { useFleetCells } from "./cells";
import { CLOUDS, useFleetFilter } from "./filter";
import { Matrix } from "./matrix";

/** Events report every change; this is for a page that stays open while its laptop sleeps. */
const SLOWLY = 300_000;
const CHOICES = [
  ["status", "Statuses"],
  ["health", "Health"],
  ["drift", "Drift of live objects"],
] as const;

export function FleetPage() {
  const organization = useOrganization();
  const { filter, change, toggle, isNarrow } = useFleetFilter();
  const { asked: summary, refresh: refreshSummary } = useAnswer(FleetSummaryDocument, {
    organization,
    filter,
  });
  const groups = useGroupChoices();
  const rows = usePages(FleetRowsDocument, { organization, filter }, (data) => data.fleet.clusters, ROWS);
  const columns = usePages(
    FleetColumnsDocument,
    { organization, filter },
    (data) => data.fleet.deployments,
    COLUMNS,
  );
  const { cells, see: seeCells, refresh: refreshCells } = useFleetCells();
  // Without a filter, the sidebar has the same answer renewed.
  useRefresh(isNarrow || summary.error ? "target deployment cluster cluster_group" : "", refreshSummary);
  const kinds =
    filter.status || filter.health || filter.drift
      ? "target deployment cluster cluster_group"
      : "deployment cluster cluster_group";
  useRefresh(kinds, rows.refresh);
  useRefresh(kinds, columns.refresh);
  useRefresh("deployment cluster_group", refreshCells);
  useFresh(() => {
    rows.refresh();
    columns.refresh();
    refreshCells();
  }, SLOWLY);

  const shownRows = rows.asked.data ?? [];
  const shownColumns = columns.asked.data ?? [];
  const [seeRows, seeColumns] = [rows.see, columns.see];
  const see = useCallback(
    (down: Span, across: Span) => {
      seeRows(down.first, down.last);
      seeColumns(across.first, across.last);
      seeCells(blocksOf(shownRows, shownColumns, down, across));
    },
    [shownRows, shownColumns, seeRows, seeColumns, seeCells],
  );

  const fleet = summary.data?.fleet;
  const counts = {
    status: ofStatuses(
      withChosen(
        filter.status,
        fleet?.statusCounts.map((each) => [each.status, each.count]),
      ),
    ),
    health: ofHealths(
      withChosen(
        filter.health,
        fleet?.healthCounts.map((each) => [each.health, each.count]),
      ),
    ),
    drift: ofDrifts(
      withChosen(
        filter.drift,
        fleet?.driftCounts.map((each) => [each.state, each.count]),
      ),
    ),
  };
  const charts = [
    ...new Set([...(summary.data?.fleet.charts ?? []), ...(filter.chart ? [filter.chart] : [])]),
  ].sort();
  const total = counts.status.reduce((sum, { count }) => sum + count, 0);
  const error = rows.asked.error ?? columns.asked.error;

  return (
    <>
      <div className="head">
        <div>
          <Title words="Fleet" />
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
          label="Group"
          choices={groups}
          value={filter.group ?? ""}
          change={(group) => change({ group })}
          none="All groups"
        />
        <OneOf
          label="All clouds"
          none="All clouds"
          value={filter.cloud ?? ""}
          names={CLOUDS}
          change={(cloud) => change({ cloud })}
        />
        <OneOf
          label="All charts"
          none="All charts"
          value={filter.chart ?? ""}
          names={charts}
          change={(chart) => change({ chart })}
        />
      </div>

      <div className="row wide">
        {CHOICES.map(([kind, legend]) => (
          <CountButtons
            key={kind}
            legend={legend}
            counts={counts[kind]}
            chosen={filter[kind] ?? []}
            toggle={(key) => toggle(kind, key)}
          />
        ))}
      </div>

      {error && shownRows.length === 0 ? (
        <QueryError error={error} retry={rows.reload} />
      ) : shownRows.length > 0 && columns.asked.data?.length === 0 && !isNarrow ? (
        <EmptyState title="Nothing is deployed yet">
          <p>
            {shownRows.length === 1 ? "One cluster registered" : "Clusters registered"} for a chart. A
            deployment goes to a group of them.
          </p>
          <div className="row">
            <Link href="/create" className="button first">
              Deploy a chart
            </Link>
            <Link href="/clusters" className="button">
              View clusters
            </Link>
          </div>
        </EmptyState>
      ) : shownRows.length > 0 && columns.asked.data ? (
        <Matrix
          key={JSON.stringify(filter)}
          rows={shownRows}
          columns={shownColumns}
          cells={cells}
          more={{ rows: rows.more, columns: columns.more }}
          see={see}
          chosen={filter}
        />
      ) : !rows.asked.data || !columns.asked.data ? (
        <div className="card">
          <Loading lines={8} />
        </div>
      ) : (
        <Nothing
          isNarrow={isNarrow}
          clear={() =>
            change({
              q: null,
              group: null,
              cloud: null,
              chart: null,
              status: null,
              health: null,
              drift: null,
            })
          }
        />
      )}
    </>
  );
}

/** The counts, with those that are chosen and do not occur. */
function withChosen<Value extends string>(
  chosen: readonly Value[] | null | undefined,
  counts: [Value, number][] = [],
): Map<Value, number> {
  return new Map([...(chosen ?? []).map((value) => [value, 0] as const), ...counts]);
}

function Nothing({ isNarrow, clear }: { isNarrow: boolean; clear: () => void }) {
  if (isNarrow) {
    return (
      <EmptyState title="Nothing matches">
        <p>No cluster matches the filters.</p>
        <button type="button" className="button" onClick={clear}>
          Clear the filters
        </button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No clusters yet">
      <p>
        Register the clusters that you want to deploy to, and create a group of them. Then deploy a chart to
        the group.
      </p>
      <Link href="/register" className="button first">
        Register a cluster
      </Link>
    </EmptyState>
  );
}
