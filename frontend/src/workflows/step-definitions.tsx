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
import { toast } from "../parts/toast";
import { DefinitionLine } from "./definition-line";
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
                <DefinitionLine
                  key={step.id}
                  definition={step}
                  title={<b className="wrap">{step.name}</b>}
                  open={(what) => setOpen({ what, step })}
                />
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
