import { useState } from "react";
import { useAction } from "../api/outcome";
import { DeleteDeploymentDocument } from "../graphql";
import { Destroy } from "../parts/dialog";
import { toast } from "../parts/toast";
import type { Deployment } from "./types";

/** Deletes a deployment after a confirmation that lists the clusters. */
export function DeleteDeployment({ deployment, close }: { deployment: Deployment; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteDeploymentDocument, "DeploymentPayload");
  const [force, setForce] = useState(false);
  const [skipHooks, setSkipHooks] = useState(false);
  const unreachable = deployment.targets.filter((target) => target.status === "UNKNOWN");
  const names = deployment.targets.map((target) => target.clusterName);

  async function destroy() {
    const done = await send({ input: { id: deployment.id, force, skipHooks } });
    if (!done) return;
    toast(`${deployment.releaseName} is being deleted.`);
    close();
  }

  return (
    <Destroy
      title={`Delete ${deployment.releaseName}`}
      name={deployment.releaseName}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>
        The release <code>{deployment.releaseName}</code> in the namespace <code>{deployment.namespace}</code>{" "}
        is uninstalled from {names.length === 1 ? "one cluster" : `${names.length} clusters`}
        {names.length <= 12 ? `: ${names.join(", ")}` : ""}. Its history is deleted, too.
      </p>
      <label className="check">
        <input type="checkbox" checked={skipHooks} onChange={(event) => setSkipHooks(event.target.checked)} />
        <span>Skip the chart's hooks</span>
      </label>
      <label className="check">
        <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
        <span>
          Force: leave behind releases that cannot be uninstalled
          {unreachable.length > 0 &&
            `, as on ${unreachable.map((target) => target.clusterName).join(", ")}, which cannot be reached`}
          . Releases are uninstalled even if another Helm process seems to be working on them.
        </span>
      </label>
    </Destroy>
  );
}
