import { useState } from "react";
import { useAction } from "../api/outcome";
import { CancelOperationDocument, type OperationLineFragment } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { toast } from "../parts/toast";

/** Cancels an operation after a confirmation, or shows who is cancelling it. */
export function CancelOperation({ operation }: { operation: OperationLineFragment }) {
  const [asks, ask] = useState(false);
  const { send, fetching, refusal } = useAction(CancelOperationDocument, "OperationPayload");
  const kind = operation.kind.toLowerCase();

  async function cancel() {
    const done = await send({ input: { id: operation.id } });
    if (!done) return;
    toast(`The ${kind} is being cancelled.`);
    ask(false);
  }

  if (operation.cancelledAt) return <p className="soft small">Being cancelled by {operation.cancelledBy}</p>;
  return (
    <>
      <button type="button" className="button small" onClick={() => ask(true)}>
        Cancel operation
      </button>
      {asks && (
        <FormDialog
          title={`Cancel the ${kind}`}
          verb="Cancel operation"
          cancel="Keep running"
          destroys
          disabled={fetching}
          refusal={refusal}
          submit={cancel}
          close={() => ask(false)}
        >
          <p>
            Clusters on which the operation has not started are skipped, and running Helm processes are
            stopped. The desired state does not change. To continue, reconcile or delete again.
          </p>
        </FormDialog>
      )}
    </>
  );
}
