import { useState } from "react";
import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { type Pages, usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DeleteWorkflowDocument, type WorkflowLineFragment, WorkflowsDocument } from "../graphql";
import { useAddress, workflowPath } from "../parts/address";
import { Destroy } from "../parts/dialog";
import { Listing } from "../parts/listing";
import { EmptyState } from "../parts/states";
import { Tabs } from "../parts/tabs";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { DefinitionLine } from "./definition-line";
import { WorkflowForm } from "./form";
import { Runs } from "./runs";
import { StepDefinitions } from "./step-definitions";

type Open = { what: "add" } | { what: "change" | "delete"; workflow: WorkflowLineFragment };

/** The workflows of an organization, which are edited as YAML, and their runs and step definitions. */
export default function WorkflowsPage() {
  const organization = useOrganization();
  const pages = usePages(WorkflowsDocument, { organization }, (data) => data.workflows, 50);
  useRefresh("workflow", pages.refresh);
  const [open, setOpen] = useState<Open | null>(null);
  const [params, change] = useAddress();
  const tab = params.get("tab") ?? "workflows";
  const close = () => {
    setOpen(null);
    pages.refresh();
  };
  return (
    <>
      <div className="head">
        <div>
          <Title words="Workflows" />
          <p className="soft">Steps over many clusters, which run durably.</p>
        </div>
        <button type="button" className="button first" onClick={() => setOpen({ what: "add" })}>
          Add workflow
        </button>
      </div>
      <Tabs
        label="Workflows, runs and step definitions"
        chosen={tab}
        choose={(key) => change({ tab: key === "workflows" ? null : key })}
        tabs={[
          { key: "workflows", label: "Definitions" },
          { key: "runs", label: "Runs" },
          { key: "steps", label: "Step definitions" },
        ]}
      >
        {tab === "workflows" && <Definitions pages={pages} open={setOpen} />}
        {tab === "runs" && <Runs />}
        {tab === "steps" && <StepDefinitions />}
      </Tabs>
      {open?.what === "add" && <WorkflowForm close={close} />}
      {open?.what === "change" && <WorkflowForm name={open.workflow.name} close={close} />}
      {open?.what === "delete" && <Delete workflow={open.workflow} close={close} />}
    </>
  );
}

function Definitions({ pages, open }: { pages: Pages<WorkflowLineFragment>; open: (what: Open) => void }) {
  return (
    <section className="card" aria-label="Workflows">
      <Listing
        pages={pages}
        more="More workflows"
        blank={
          <EmptyState title="No workflows yet">
            <p>Add a workflow, or apply a file: polyhelm workflow apply -f FILE</p>
          </EmptyState>
        }
      >
        {(workflows) => (
          <ul className="list">
            {workflows.map((workflow) => (
              <DefinitionLine
                key={workflow.id}
                definition={workflow}
                title={
                  <Link href={workflowPath(workflow.name)} className="wrap">
                    <b>{workflow.name}</b>
                  </Link>
                }
                open={(what) => open({ what, workflow })}
              />
            ))}
          </ul>
        )}
      </Listing>
    </section>
  );
}

function Delete({ workflow, close }: { workflow: WorkflowLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteWorkflowDocument, "DeleteWorkflowPayload");
  async function destroy() {
    if (!(await send({ input: { id: workflow.id } }))) return;
    toast(`Workflow ${workflow.name} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete the workflow ${workflow.name}`}
      name={workflow.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>The workflow is deleted with all its revisions and schedules.</p>
    </Destroy>
  );
}
