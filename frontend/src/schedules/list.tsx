import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import {
  DeleteScheduleDocument,
  PauseScheduleDocument,
  ResumeScheduleDocument,
  type ScheduleLineFragment,
  type ScheduleOutcome,
  SchedulePermissionsDocument,
  SchedulesDocument,
} from "../graphql";
import type { Json } from "../json";
import { Destroy } from "../parts/dialog";
import type { Shape, Tone } from "../parts/glyph";
import { Listing } from "../parts/listing";
import { needs } from "../parts/permission";
import { EmptyState, RefusalNote } from "../parts/states";
import { Mark } from "../parts/status";
import { Ago, Moment } from "../parts/time";
import { toast } from "../parts/toast";
import { markOf, runPath } from "../workflows/words";
import { ScheduleForm } from "./form";

type Open = { what: "add" } | { what: "change" | "delete"; schedule: ScheduleLineFragment };

const OUTCOMES: Record<ScheduleOutcome, [Tone, Shape, string]> = {
  STARTED: ["good", "check", "Started"],
  SKIPPED: ["none", "gone", "Skipped"],
  QUEUED: ["busy", "hollow", "Waiting for the run in progress"],
  MISSED: ["warn", "minus", "Missed"],
  REFUSED: ["bad", "cross", "Not started"],
};

/** The schedules of a workflow: their next times, and what came of the last ones. */
export function Schedules({ workflow, definition }: { workflow: string; definition: Json }) {
  const organization = useOrganization();
  const pages = usePages(SchedulesDocument, { organization, workflow }, (data) => data.workflowSchedules, 50);
  useRefresh("workflow schedule", pages.refresh);
  const [{ data }] = useQuery({ query: SchedulePermissionsDocument });
  const membership =
    data?.memberships.find((one) => one.organization === organization) ?? data?.memberships[0];
  const refused = membership && needs(membership.permissions, "workflows.start");
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => {
    setOpen(null);
    pages.refresh();
  };
  return (
    <>
      <section className="card" aria-label="Schedules">
        <div className="row apart padded">
          <p className="soft">Times at which the workflow is started.</p>
          <button
            type="button"
            className="button slim"
            disabled={refused !== undefined}
            title={refused}
            onClick={() => setOpen({ what: "add" })}
          >
            Add schedule
          </button>
        </div>
        <Listing
          pages={pages}
          more="More schedules"
          blank={
            <EmptyState title="No schedules yet">
              <p>Add a schedule here, or with polyhelm schedule set NAME.</p>
            </EmptyState>
          }
        >
          {(schedules) => (
            <ul className="list">
              {schedules.map((schedule) => (
                <Line
                  key={schedule.id}
                  schedule={schedule}
                  refused={refused}
                  open={(what) => setOpen({ what, schedule })}
                  changed={pages.refresh}
                />
              ))}
            </ul>
          )}
        </Listing>
      </section>
      {open?.what === "add" && <ScheduleForm workflow={workflow} definition={definition} close={close} />}
      {open?.what === "change" && (
        <ScheduleForm workflow={workflow} definition={definition} schedule={open.schedule} close={close} />
      )}
      {open?.what === "delete" && <Delete schedule={open.schedule} close={close} />}
    </>
  );
}

function Line({
  schedule,
  refused,
  open,
  changed,
}: {
  schedule: ScheduleLineFragment;
  refused: string | undefined;
  open: (what: "change" | "delete") => void;
  changed: () => void;
}) {
  const pause = useAction(PauseScheduleDocument, "WorkflowSchedulePayload");
  const resume = useAction(ResumeScheduleDocument, "WorkflowSchedulePayload");
  const { send, fetching, refusal } = schedule.isPaused ? resume : pause;
  const { name, last } = schedule;
  const run = schedule.runs.nodes[0];
  async function toggle() {
    if (!(await send({ input: { id: schedule.id } }))) return;
    toast(`Schedule ${name} ${schedule.isPaused ? "resumed" : "paused"}.`);
    changed();
  }
  const hidden = <span className="hidden"> {name}</span>;
  const allowed = { disabled: refused !== undefined || fetching, title: refused };
  return (
    <li>
      <div className="row apart">
        <span className="row">
          <b className="wrap">{name}</b>
          {schedule.isPaused && <span className="tag">Paused</span>}
        </span>
        <span className="row">
          <button type="button" className="button slim" {...allowed} onClick={toggle}>
            {schedule.isPaused ? "Resume" : "Pause"}
            {hidden}
          </button>
          <button type="button" className="button slim" {...allowed} onClick={() => open("change")}>
            Change{hidden}
          </button>
          <button type="button" className="button danger slim" {...allowed} onClick={() => open("delete")}>
            Delete{hidden}
          </button>
        </span>
      </div>
      {schedule.description && <p className="wrap">{schedule.description}</p>}
      <p className="wrap">
        {schedule.meaning}, {schedule.timeZone}
      </p>
      {schedule.nextAt && (
        <p className="soft small">
          Next: <Moment at={schedule.nextAt} />
        </p>
      )}
      {last && (
        <p className="row">
          <Mark of={OUTCOMES[last.outcome]} />
          <span className="soft small wrap">
            for <Moment at={last.at} />
            {last.message && `. ${last.message}`}
          </span>
        </p>
      )}
      {run && (
        <p className="row">
          <Link href={runPath(run.id)}>Latest run</Link>
          <Mark of={markOf(run)} />
          <span className="soft small">
            <Ago at={run.createdAt} />
          </span>
        </p>
      )}
      <p className="soft small">Runs with the permissions of {schedule.owner}.</p>
      <RefusalNote refusal={refusal} />
    </li>
  );
}

function Delete({ schedule, close }: { schedule: ScheduleLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteScheduleDocument, "DeleteSchedulePayload");
  async function destroy() {
    if (!(await send({ input: { id: schedule.id } }))) return;
    toast(`Schedule ${schedule.name} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete the schedule ${schedule.name}`}
      name={schedule.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>A run that it has started continues.</p>
    </Destroy>
  );
}
