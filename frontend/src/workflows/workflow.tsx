import "../styles/workflows.css";
import { Suspense, useMemo, useState } from "react";
import { Link } from "wouter";
import { parse } from "yaml";
import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { WorkflowPageDocument, type WorkflowPageQuery } from "../graphql";
import type { Json } from "../json";
import { useAddress } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { later } from "../parts/later";
import { EmptyState, Loading, QueryResult } from "../parts/states";
import { Tabs } from "../parts/tabs";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { Schedules } from "../schedules/list";
import { WorkflowForm } from "./form";
import { DefinitionGraph } from "./graph";
import { Revisions } from "./revisions";
import { Runs } from "./runs";
import { StartForm } from "./start";

const YamlText = later(() => import("../editor/yaml-text"));

type Workflow = NonNullable<WorkflowPageQuery["workflow"]>;

/** One workflow: its steps as a graph, its runs, its schedules, its definition, and its revisions. */
export default function WorkflowPage({ name }: { name: string }) {
  const { asked, ask, refresh } = useAnswer(WorkflowPageDocument, { organization: useOrganization(), name });
  useRefresh("workflow", refresh);
  return (
    <QueryResult asked={asked} retry={ask} lines={8}>
      {({ workflow }) =>
        workflow?.current ? (
          <Found workflow={workflow} definition={workflow.current.definition} refresh={refresh} />
        ) : (
          <EmptyState title="Workflow not found">
            <p>It was deleted, or its name is mistyped.</p>
            <Link href="/workflows" className="button">
              Go to the workflows
            </Link>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}

function Found({
  workflow,
  definition,
  refresh,
}: {
  workflow: Workflow;
  definition: string;
  refresh: () => void;
}) {
  const [params, change] = useAddress();
  const [open, setOpen] = useState<"change" | "start" | null>(null);
  const document = useMemo(() => parse(definition) as Json, [definition]);
  const tab = params.get("tab") ?? "steps";
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb trail={[["Workflows", "/workflows"]]} />
          <Title words={workflow.name} />
          <p className="soft">
            {workflow.description && `${workflow.description} `}Revision {workflow.revision}, saved{" "}
            {workflow.current && `by ${workflow.current.author} `}
            <Ago at={workflow.updatedAt} />.
          </p>
        </div>
        <div className="row">
          <button type="button" className="button first" onClick={() => setOpen("start")}>
            Run
          </button>
          <button type="button" className="button" onClick={() => setOpen("change")}>
            Change
          </button>
        </div>
      </div>
      <Tabs
        label="Parts of the workflow"
        chosen={tab}
        choose={(key) => change({ tab: key === "steps" ? null : key })}
        tabs={[
          { key: "steps", label: "Steps" },
          { key: "runs", label: "Runs" },
          { key: "schedules", label: "Schedules" },
          { key: "definition", label: "Definition" },
          { key: "revisions", label: "Revisions" },
        ]}
      >
        {tab === "steps" && <DefinitionGraph definition={document} name={workflow.name} />}
        {tab === "runs" && <Runs workflow={workflow.name} />}
        {tab === "schedules" && <Schedules workflow={workflow.name} definition={document} />}
        {tab === "definition" && (
          <Suspense fallback={<Loading />}>
            <YamlText text={definition} />
          </Suspense>
        )}
        {tab === "revisions" && <Revisions id={workflow.id} />}
      </Tabs>
      {open === "start" && (
        <StartForm name={workflow.name} definition={document} close={() => setOpen(null)} />
      )}
      {open === "change" && (
        <WorkflowForm
          name={workflow.name}
          close={() => {
            setOpen(null);
            refresh();
          }}
        />
      )}
    </>
  );
}
