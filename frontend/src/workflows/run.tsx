import "../styles/workflows.css";
import { useQuery, useSubscription } from "urql";
import { Link } from "wouter";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { WorkflowRunChangedDocument, WorkflowRunDocumentDocument, WorkflowRunPageDocument } from "../graphql";
import type { Json } from "../json";
import { useAddress, workflowPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { type Count, countBy } from "../parts/counts";
import { EmptyState, QueryResult } from "../parts/states";
import { Mark } from "../parts/status";
import { type Column, Table } from "../parts/table";
import { Tabs } from "../parts/tabs";
import { Ago, Since, useNow } from "../parts/time";
import { Title } from "../parts/title";
import { span } from "../values/words";
import { DefinitionGraph } from "./graph";
import { RunLog } from "./log";
import { Steering, Waiting } from "./steering";
import { StepRuns } from "./step-runs";
import { templateOf } from "./steps";
import { type Bar, barsOf } from "./timeline";
import type { Run, Viewer } from "./types";
import { markOf, runPath, STEPS } from "./words";

/** One run of a workflow, live: its steps as a graph, their logs and times, and what it waits for. */
export default function RunPage({ id }: { id: string }) {
  const organization = useOrganization();
  const { asked, ask } = useAnswer(WorkflowRunPageDocument, { id });
  // The cache stores each answer, and the query above follows the cache.
  useSubscription({ query: WorkflowRunChangedDocument, variables: { id } });
  return (
    <QueryResult asked={asked} retry={ask} lines={8}>
      {({ workflowRun, viewer, memberships }) => {
        if (!workflowRun) {
          return (
            <EmptyState title="Run not found">
              <p>It was removed, or it belongs to an organization that you are not a member of.</p>
              <Link href="/workflows" className="button">
                Go to the workflows
              </Link>
            </EmptyState>
          );
        }
        const membership = memberships.find((one) => one.organization === organization) ?? memberships[0];
        const who = { name: viewer?.name ?? "", permissions: membership?.permissions ?? [] };
        return <Found run={workflowRun} viewer={who} />;
      }}
    </QueryResult>
  );
}

function Found({ run, viewer }: { run: Run; viewer: Viewer }) {
  const [params, change] = useAddress();
  const tab = params.get("tab") ?? "steps";
  const chosen = params.get("step");
  const choose = (path: string | null) => change({ step: path === chosen ? null : path });
  const { endedAt, createdAt } = run;
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Workflows", "/workflows"],
              [run.workflow, workflowPath(run.workflow)],
            ]}
          />
          <Title words={run.workflowId} />
        </div>
        <Steering run={run} viewer={viewer} />
      </div>
      <section className="card padded stack" aria-label="State">
        <dl className="facts">
          <div>
            <dt>State</dt>
            <dd>
              <Mark of={markOf(run)} />
            </dd>
          </div>
          <div>
            <dt>Started</dt>
            <dd>
              <Ago at={createdAt} /> by {run.starter}
            </dd>
          </div>
          <div>
            <dt>Duration</dt>
            <dd>
              {endedAt ? (
                span((Date.parse(endedAt) - Date.parse(createdAt)) / 1000)
              ) : (
                <Since at={createdAt} />
              )}
            </dd>
          </div>
          <div>
            <dt>Revision</dt>
            <dd>{run.revision}</dd>
          </div>
          {run.forkedFrom && (
            <div>
              <dt>Repeats</dt>
              <dd>
                <Link href={runPath(run.forkedFrom.id)}>
                  a run that started <Ago at={run.forkedFrom.createdAt} />
                </Link>
              </dd>
            </div>
          )}
          {run.parent && (
            <div>
              <dt>Started by</dt>
              <dd>
                the step {run.parentStep} of{" "}
                <Link href={runPath(run.parent.id)}>{run.parent.workflowId}</Link>
              </dd>
            </div>
          )}
          {run.children.nodes.length > 0 && (
            <div>
              <dt>Runs of its steps</dt>
              <dd>
                <ul className="plain">
                  {run.children.nodes.map((child) => (
                    <li key={child.id}>
                      {child.parentStep}: <Link href={runPath(child.id)}>{child.workflowId}</Link> (
                      {child.workflow}, {child.state})
                    </li>
                  ))}
                </ul>
              </dd>
            </div>
          )}
        </dl>
        {run.reason && <p>{run.reason}</p>}
        {run.error && (
          <p className="wrap">
            {run.error.path && <b>{run.error.path}: </b>}
            {run.error.message}
          </p>
        )}
        <Waiting run={run} viewer={viewer} />
      </section>
      <Tabs
        label="Parts of the run"
        chosen={tab}
        choose={(key) => change({ tab: key === "steps" ? null : key })}
        tabs={[
          { key: "steps", label: "Steps" },
          { key: "timeline", label: "Timeline" },
          { key: "log", label: "Log" },
          { key: "data", label: "Parameters and outputs" },
        ]}
      >
        {tab === "steps" && <Steps run={run} viewer={viewer} chosen={chosen} choose={choose} />}
        {tab === "timeline" && <Timeline run={run} />}
        {tab === "log" && <RunLog run={run.id} path={null} />}
        {tab === "data" && (
          <section className="card padded stack" aria-label="Parameters and outputs">
            <h2>Parameters</h2>
            <pre className="code">{JSON.stringify(run.parameters, null, 2)}</pre>
            <h2>Outputs</h2>
            <pre className="code">{run.outputs ? JSON.stringify(run.outputs, null, 2) : "None yet"}</pre>
          </section>
        )}
      </Tabs>
    </>
  );
}

function Steps({
  run,
  viewer,
  chosen,
  choose,
}: {
  run: Run;
  viewer: Viewer;
  chosen: string | null;
  choose: (path: string | null) => void;
}) {
  const [asked] = useQuery({ query: WorkflowRunDocumentDocument, variables: { id: run.id } });
  const document = (asked.data?.workflowRun?.document ?? null) as Json;
  const progress = { counts: countsOf(run), chosen, choose };
  return (
    <>
      <DefinitionGraph definition={document} name={run.workflow} progress={progress} />
      {run.steps.pageInfo.hasNextPage && (
        <p className="soft">Only the first {run.steps.nodes.length} steps of the run are shown.</p>
      )}
      {chosen && <StepRuns key={chosen} run={run} path={chosen} viewer={viewer} />}
    </>
  );
}

/** The states of the steps of a run, by the path in the definition. A `forEach` shows those of its items. */
function countsOf(run: Run): Map<string, Count[]> {
  const byPath = new Map<string, Run["steps"]["nodes"]>();
  for (const step of run.steps.nodes) {
    const path = templateOf(step.path);
    byPath.set(path, [...(byPath.get(path) ?? []), step]);
  }
  return new Map(
    [...byPath].map(([path, steps]) => {
      const items = steps.filter((step) => step.path !== path);
      const counts = countBy(items.length > 0 ? items : steps, ({ state }) => state);
      return [
        path,
        [...counts].map(([key, count]) => {
          const [tone, shape, words] = STEPS[key];
          return { key, count, tone, shape, words };
        }),
      ];
    }),
  );
}

const COLUMNS: Column<Bar>[] = [
  { title: "Step", className: "wrap", cell: ({ path }) => path },
  { title: "Duration", label: "Duration", cell: ({ milliseconds }) => span(milliseconds / 1000) },
  {
    title: "Timeline",
    className: "scale",
    cell: ({ start, width }) => (
      <div className="track" aria-hidden="true">
        <i style={{ insetInlineStart: `${start}%`, width: `${width}%` }} />
      </div>
    ),
  },
];

function Timeline({ run }: { run: Run }) {
  const now = useNow();
  return (
    <div className="card">
      <Table
        label="Timeline"
        columns={COLUMNS}
        rows={barsOf(run.steps.nodes, run, now)}
        keyOf={({ path }) => path}
        isComplete={false}
      />
    </div>
  );
}
