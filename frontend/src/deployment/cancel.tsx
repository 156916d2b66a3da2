import { useState } from "react";
import { useAction } from "../api/outcome";
import { CancelOperationDocument, type OperationLineFragment } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { toast } from "../parts/toast";

/** Cancels an operation, after asking. One that is being cancelled already says by whom. */
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
            Clusters that have not begun are skipped, and a running Helm is stopped. The desired state stays
            as it is: reconcile, or delete again, to continue.
          </p>
        </FormDialog>
      )}
    </>
  );
}
