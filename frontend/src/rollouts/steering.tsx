import { useState } from "react";
import { useAction } from "../api/outcome";
import {
  AbortRolloutDocument,
  ExpediteRolloutDocument,
  PauseRolloutDocument,
  ResumeRolloutDocument,
  type RolloutDetailFragment,
} from "../graphql";
import { FormDialog } from "../parts/dialog";
import { RefusalNote } from "../parts/states";
import { TextField } from "../parts/text-field";
import { toast } from "../parts/toast";
import { isActive, isOpen } from "./words";

type Rollout = RolloutDetailFragment;

const may = (rollout: Rollout, permission: string) => rollout.deployment.permissions.includes(permission);

/** What can be done with the whole rollout, by those who may. */
export function Steering({ rollout }: { rollout: Rollout }) {
  const [open, setOpen] = useState<"abort" | "expedite" | "roll back" | null>(null);
  const pause = useAction(PauseRolloutDocument, "RolloutPayload");
  const resume = useAction(ResumeRolloutDocument, "RolloutPayload");
  const { id, phase } = rollout;
  async function done(sent: Promise<unknown>, words: string) {
    if (await sent) toast(words);
  }
  const close = () => setOpen(null);
  return (
    <div className="stack tight">
      <div className="row">
        {may(rollout, "rollouts.steer") && isActive(phase) && (
          <button
            type="button"
            className="button"
            disabled={pause.fetching}
            onClick={() => done(pause.send({ input: { id } }), "Rollout paused.")}
          >
            Pause
          </button>
        )}
        {may(rollout, "rollouts.steer") && phase === "PAUSED" && (
          <button
            type="button"
            className="button first"
            disabled={resume.fetching}
            onClick={() => done(resume.send({ input: { id } }), "Rollout resumed.")}
          >
            Resume
          </button>
        )}
        {may(rollout, "rollouts.expedite") && isOpen(phase) && !rollout.isExpedited && (
          <button type="button" className="button" onClick={() => setOpen("expedite")}>
            Expedite
          </button>
        )}
        {may(rollout, "rollouts.steer") && isOpen(phase) && (
          <button type="button" className="button danger" onClick={() => setOpen("abort")}>
            Abort
          </button>
        )}
        {may(rollout, "rollouts.steer") && canRollBack(rollout) && (
          <button type="button" className="button danger" onClick={() => setOpen("roll back")}>
            Roll back
          </button>
        )}
      </div>
      <RefusalNote refusal={pause.refusal ?? resume.refusal} />
      {open === "abort" && <Abort rollout={rollout} close={close} />}
      {open === "roll back" && <RollBack rollout={rollout} close={close} />}
      {open === "expedite" && <Expedite rollout={rollout} close={close} />}
    </div>
  );
}

function Abort({ rollout, close }: { rollout: Rollout; close: () => void }) {
  const { send, fetching, refusal } = useAction(AbortRolloutDocument, "RolloutPayload");
  const [targets, setTargets] = useState<"LEAVE" | "ROLL_BACK">("LEAVE");
  async function submit() {
    if (!(await send({ input: { id: rollout.id, targets } }))) return;
    toast("Rollout aborted.");
    close();
  }
  return (
    <FormDialog
      title="Abort the rollout"
      verb="Abort"
      destroys
      cancel="Close"
      disabled={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <fieldset className="stack tight">
        <legend className="label">Targets that have moved</legend>
        <label className="check">
          <input
            type="radio"
            name="targets"
            checked={targets === "LEAVE"}
            onChange={() => setTargets("LEAVE")}
          />
          keep generation {rollout.generation}
        </label>
        <label className="check">
          <input
            type="radio"
            name="targets"
            checked={targets === "ROLL_BACK"}
            onChange={() => setTargets("ROLL_BACK")}
          />
          return to their last verified generations
        </label>
      </fieldset>
    </FormDialog>
  );
}

/** Whether a rollout has ended without success, and is neither a rollback nor replaced by another one. */
function canRollBack({ phase, rollbackOf, supersededBy }: Rollout) {
  return (phase === "FAILED" || phase === "ABORTED") && !rollbackOf && !supersededBy;
}

function RollBack({ rollout, close }: { rollout: Rollout; close: () => void }) {
  const { send, fetching, refusal } = useAction(AbortRolloutDocument, "RolloutPayload");
  async function submit() {
    if (!(await send({ input: { id: rollout.id, targets: "ROLL_BACK" } }))) return;
    toast("Rollback started.");
    close();
  }
  return (
    <FormDialog
      title="Roll back the rollout"
      verb="Roll back"
      destroys
      disabled={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <p>
        Targets that have moved return to their last verified generations. Generation {rollout.generation} is
        on hold until a user lifts the hold.
      </p>
    </FormDialog>
  );
}

function Expedite({ rollout, close }: { rollout: Rollout; close: () => void }) {
  const { send, fetching, refusal } = useAction(ExpediteRolloutDocument, "RolloutPayload");
  const [reason, setReason] = useState("");
  async function submit() {
    if (!(await send({ input: { id: rollout.id, reason: reason.trim() } }))) return;
    toast("Rollout expedited.");
    close();
  }
  return (
    <FormDialog
      title="Expedite the rollout"
      verb="Expedite"
      disabled={fetching || !reason.trim()}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <p>Soak times and approvals are skipped. Checks, the budget and change windows still apply.</p>
      <TextField id="expedite-reason" label="Reason" value={reason} change={setReason} />
    </FormDialog>
  );
}
