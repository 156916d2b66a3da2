import { useState } from "react";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import {
  DeleteStepDefinitionDocument,
  type StepDefinitionLineFragment,
  StepDefinitionsDocument,
} from "../graphql";
import { Destroy } from "../parts/dialog";
import { Listing } from "../parts/listing";
import { EmptyState } from "../parts/states";
import { Ago } from "../parts/time";
import { toast } from "../parts/toast";
import { StepDefinitionForm } from "./form";

type Open = { what: "add" } | { what: "change" | "delete"; step: StepDefinitionLineFragment };

/** The step types of an organization, which are edited as YAML. */
export function StepDefinitions() {
  const organization = useOrganization();
  const pages = usePages(StepDefinitionsDocument, { organization }, (data) => data.stepDefinitions, 50);
  useRefresh("workflow", pages.refresh);
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => {
    setOpen(null);
    pages.refresh();
  };
  return (
    <>
      <section className="card" aria-label="Step definitions">
        <div className="row apart padded">
          <p className="soft">Step types for workflows, made of other steps.</p>
          <button type="button" className="button slim" onClick={() => setOpen({ what: "add" })}>
            Add step definition
          </button>
        </div>
        <Listing
          pages={pages}
          more="More step definitions"
          blank={
            <EmptyState title="No step definitions yet">
              <p>Add a step definition, or apply a file: polyhelm step apply -f FILE</p>
            </EmptyState>
          }
        >
          {(steps) => (
            <ul className="list">
              {steps.map((step) => (
                <Line key={step.id} step={step} open={(what) => setOpen({ what, step })} />
              ))}
            </ul>
          )}
        </Listing>
      </section>
      {open?.what === "add" && <StepDefinitionForm close={close} />}
      {open?.what === "change" && <StepDefinitionForm name={open.step.name} close={close} />}
      {open?.what === "delete" && <Delete step={open.step} close={close} />}
    </>
  );
}

function Line({
  step,
  open,
}: {
  step: StepDefinitionLineFragment;
  open: (what: "change" | "delete") => void;
}) {
  return (
    <li>
      <div className="row apart">
        <b className="wrap">{step.name}</b>
        <span className="row">
          <button type="button" className="button slim" onClick={() => open("change")}>
            Change<span className="hidden"> {step.name}</span>
          </button>
          <button type="button" className="button danger slim" onClick={() => open("delete")}>
            Delete<span className="hidden"> {step.name}</span>
          </button>
        </span>
      </div>
      {step.description && <p className="wrap">{step.description}</p>}
      <p className="soft small">
        revision {step.revision}, saved {step.current && `by ${step.current.author} `}
        <Ago at={step.updatedAt} />
      </p>
    </li>
  );
}

function Delete({ step, close }: { step: StepDefinitionLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteStepDefinitionDocument, "DeleteStepDefinitionPayload");
  async function destroy() {
    if (!(await send({ input: { id: step.id } }))) return;
    toast(`Step definition ${step.name} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete the step definition ${step.name}`}
      name={step.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>It is deleted with all its revisions, unless a workflow or another step definition uses it.</p>
    </Destroy>
  );
}
