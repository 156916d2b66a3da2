import { useState } from "react";
import { useAction } from "../api/outcome";
import { OverrideChangeWindowsDocument } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { Glyph } from "../parts/glyph";
import { TextField } from "../parts/text-field";
import { Moment } from "../parts/time";
import { toast } from "../parts/toast";

type Activity = { phase: string; until: string | null; operationId: string };

/** Until when a target waits for a change window, and the way to let its change pass. */
export function Waiting({ activity, refused }: { activity: Activity | null; refused: string | undefined }) {
  const [open, setOpen] = useState(false);
  if (activity?.phase !== "WAITING_FOR_WINDOW") return null;
  const { until, operationId } = activity;
  return (
    <div className="note warn" role="status">
      <Glyph shape="minus" />
      <div className="row apart">
        <p>
          Waits for a change window
          {until && (
            <>
              {" "}
              until <Moment at={until} />
            </>
          )}
          .
        </p>
        <button
          type="button"
          className="button slim"
          disabled={refused !== undefined}
          title={refused}
          onClick={() => setOpen(true)}
        >
          Override window
        </button>
      </div>
      {open && <Override operation={operationId} close={() => setOpen(false)} />}
    </div>
  );
}

function Override({ operation, close }: { operation: string; close: () => void }) {
  const { send, fetching, refusal } = useAction(OverrideChangeWindowsDocument, "OperationPayload");
  const [reason, setReason] = useState("");
  async function submit() {
    if (!(await send({ input: { id: operation, reason: reason.trim() } }))) return;
    toast("The change passes.");
    close();
  }
  return (
    <FormDialog
      title="Override change windows"
      verb="Override"
      disabled={fetching || !reason.trim()}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <p>All targets of this operation move although windows hold them. The reason is in the audit log.</p>
      <TextField id="override-reason" label="Reason" value={reason} change={setReason} />
    </FormDialog>
  );
}
