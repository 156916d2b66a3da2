import { useAction } from "../api/outcome";
import { ReconcileDocument, type TargetStatus } from "../graphql";
import { RefusalNote } from "../parts/states";
import { toast } from "../parts/toast";
import type { Target } from "./types";

const AT_REST: TargetStatus[] = ["STALE", "NOT_INSTALLED", "FAILED", "DELETED", "SUPERSEDED"];

/** Whether reconciling it helps. One that cannot be reached, or is being worked on already, is not helped by asking. */
export function canReconcile(target: Target): boolean {
  if (target.activity) return false;
  return AT_REST.includes(target.status) || (target.error?.nextSteps.includes("RECONCILE") ?? false);
}

const VERBS: Partial<Record<TargetStatus, string>> = {
  NOT_INSTALLED: "Install",
  DELETED: "Install again",
  FAILED: "Try again",
};

/** The label of the button that reconciles one target. */
function wordsOfButton(target: Target): string {
  if (target.reasons.some((reason) => reason.code === "ORPHAN")) return "Uninstall";
  return VERBS[target.status] ?? "Reconcile";
}

export function ReconcileTarget({
  deployment,
  target,
  refused,
}: {
  deployment: { id: string; releaseName: string };
  target: Target;
  /** Why the user may not do this. */
  refused?: string;
}) {
  const { send, fetching, refusal } = useAction(ReconcileDocument, "DeploymentPayload");
  async function reconcile(skipHooks: boolean) {
    const done = await send({ input: { id: deployment.id, targets: [target.clusterName], skipHooks } });
    if (done) toast(`${deployment.releaseName} is being reconciled on ${target.clusterName}.`);
  }
  return (
    <>
      <button
        type="button"
        className="button first"
        disabled={fetching || refused !== undefined}
        title={refused}
        onClick={() => reconcile(false)}
      >
        {wordsOfButton(target)}
      </button>
      {target.error?.nextSteps.includes("SKIP_HOOKS") && (
        <button
          type="button"
          className="button"
          disabled={fetching || refused !== undefined}
          title={refused}
          onClick={() => reconcile(true)}
        >
          Reconcile without hooks
        </button>
      )}
      <RefusalNote refusal={refusal} />
    </>
  );
}
