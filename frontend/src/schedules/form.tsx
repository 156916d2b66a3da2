import { useState } from "react";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { SaveScheduleDocument, type ScheduleLineFragment } from "../graphql";
import { asObject, type Json } from "../json";
import { FormDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { elsewhere, problemsAt } from "../parts/places";
import { OWN_ZONE, TimeZoneField } from "../parts/time-zone";
import { toast } from "../parts/toast";
import { ParameterFields, withoutParameters } from "../workflows/parameter-fields";
import { parametersOf, textsOf, valuesOf } from "../workflows/parameters";

const IN_PLACE = ["name", "cron", "timeZone", "catchUp", "workflowId", "description"];

/** A new schedule of a workflow, or other times or parameters of a present one. The user becomes its owner. */
export function ScheduleForm({
  workflow,
  definition,
  schedule,
  close,
}: {
  workflow: string;
  definition: Json;
  schedule?: ScheduleLineFragment;
  close: () => void;
}) {
  const organization = useOrganization();
  const { send, fetching, refusal } = useAction(SaveScheduleDocument, "WorkflowSchedulePayload");
  const parameters = parametersOf(definition);
  const [fields, setFields] = useState(() => fieldsOf(workflow, schedule));
  const [texts, setTexts] = useState(() =>
    schedule ? textsOf(parameters, asObject(schedule.parameters as Json)) : {},
  );
  const change = (changes: Partial<typeof fields>) => setFields({ ...fields, ...changes });

  async function submit() {
    const { workflowId, description, ...given } = fields;
    const input = {
      ...given,
      organization,
      workflow,
      parameters: valuesOf(parameters, texts),
      workflowId: workflowId.trim() || null,
      description: description.trim() || null,
      isPaused: schedule?.isPaused ?? false,
      version: schedule?.version ?? 0,
    };
    const saved = await send({ input });
    if (!saved) return;
    toast(`Schedule ${fields.name} saved. ${saved.schedule.meaning}, ${saved.schedule.timeZone}.`);
    close();
  }
  const at = (name: string) => ({ id: `schedule-${name}`, problems: problemsAt(refusal, name) });
  return (
    <FormDialog
      title={schedule ? `Change the schedule ${schedule.name}` : `Schedule ${workflow}`}
      verb="Save"
      disabled={fetching}
      refusal={withoutParameters(elsewhere(refusal, IN_PLACE), parameters)}
      submit={submit}
      close={close}
    >
      <Field {...at("name")} label="Name" hint="Lower-case letters, digits and -">
        {(props) => (
          <input
            {...props}
            required
            readOnly={schedule !== undefined}
            value={fields.name}
            onChange={(event) => change({ name: event.target.value.trim() })}
          />
        )}
      </Field>
      <div className="fields">
        <Field
          {...at("cron")}
          label="Times"
          hint="Minute, hour, day, month and day of the week, such as 30 2 * * mon-fri, or @daily"
        >
          {(props) => (
            <input
              {...props}
              className="input mono"
              required
              spellCheck={false}
              value={fields.cron}
              onChange={(event) => change({ cron: event.target.value })}
            />
          )}
        </Field>
        <TimeZoneField
          {...at("timeZone")}
          value={fields.timeZone}
          change={(timeZone) => change({ timeZone })}
        />
      </div>
      <ParameterFields parameters={parameters} texts={texts} change={setTexts} refusal={refusal} />
      <div className="fields">
        <Field {...at("overlap")} label="If a run is in progress">
          {(props) => (
            <select
              {...props}
              value={fields.overlap}
              onChange={(event) => change({ overlap: event.target.value as "SKIP" | "QUEUE_ONE" })}
            >
              <option value="SKIP">Skip the time</option>
              <option value="QUEUE_ONE">Start one run at its end</option>
            </select>
          )}
        </Field>
        <Field {...at("catchUp")} label="Catch-up window" hint="How late a run may start, such as 10m or 1h">
          {(props) => (
            <input
              {...props}
              required
              value={fields.catchUp}
              onChange={(event) => change({ catchUp: event.target.value.trim() })}
            />
          )}
        </Field>
      </div>
      <Field
        {...at("workflowId")}
        label="Workflow ID"
        hint="At most one run with this ID is in progress. Default: the name."
      >
        {(props) => (
          <input
            {...props}
            value={fields.workflowId}
            onChange={(event) => change({ workflowId: event.target.value })}
          />
        )}
      </Field>
      <Field {...at("description")} label="Description" hint="Optional.">
        {(props) => (
          <input
            {...props}
            value={fields.description}
            onChange={(event) => change({ description: event.target.value })}
          />
        )}
      </Field>
    </FormDialog>
  );
}

function fieldsOf(workflow: string, schedule: ScheduleLineFragment | undefined) {
  return {
    name: schedule?.name ?? workflow,
    cron: schedule?.cron ?? "",
    timeZone: schedule?.timeZone ?? OWN_ZONE,
    overlap: schedule?.overlap ?? ("SKIP" as const),
    catchUp: schedule?.catchUp ?? "1h",
    workflowId: schedule && schedule.workflowId !== schedule.name ? schedule.workflowId : "",
    description: schedule?.description ?? "",
  };
}
