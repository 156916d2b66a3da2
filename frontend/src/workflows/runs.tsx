import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { WorkflowRunsDocument } from "../graphql";
import { Listing } from "../parts/listing";
import { EmptyState } from "../parts/states";
import { Mark } from "../parts/status";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { span } from "../values/words";
import { markOf, runPath } from "./words";

type Run = Parameters<typeof markOf>[0];

/** The runs of a workflow, or of all workflows, the newest first. */
export function Runs({ workflow }: { workflow?: string }) {
  const organization = useOrganization();
  const pages = usePages(
    WorkflowRunsDocument,
    { organization, workflow: workflow ?? null },
    (data) => data.workflowRuns,
    50,
  );
  useRefresh("workflow", pages.refresh);
  const columns = workflow ? COLUMNS : [COLUMNS[0]!, WORKFLOW, ...COLUMNS.slice(1)];
  return (
    <section className="card" aria-label="Runs">
      <Listing
        pages={pages}
        more="Older runs"
        blank={
          <EmptyState title="No runs yet">
            <p>Run a workflow here, or with polyhelm workflow start NAME.</p>
          </EmptyState>
        }
      >
        {(runs) => (
          <Table label="Runs" columns={columns} rows={runs} keyOf={({ id }) => id} isComplete={false} />
        )}
      </Listing>
    </section>
  );
}

const WORKFLOW: Column<Run> = { title: "Workflow", label: "Workflow", cell: ({ workflow }) => workflow };

const COLUMNS: Column<Run>[] = [
  {
    title: "Run",
    cell: ({ id, workflowId }) => (
      <Link href={runPath(id)} className="wrap">
        {workflowId}
      </Link>
    ),
  },
  { title: "State", cell: (run) => <Mark of={markOf(run)} /> },
  { title: "Revision", label: "Revision", cell: ({ revision }) => revision },
  {
    title: "Started",
    label: "Started",
    cell: ({ createdAt, starter }) => (
      <>
        <Ago at={createdAt} /> by {starter}
      </>
    ),
  },
  {
    title: "Duration",
    label: "Duration",
    cell: ({ createdAt, endedAt }) =>
      endedAt && span(Math.max(0, Date.parse(endedAt) - Date.parse(createdAt)) / 1000),
  },
];
