import { useAction } from "../api/outcome";
import { LiftHoldDocument } from "../graphql";
import { needs } from "../parts/permission";
import { RefusalNote } from "../parts/states";
import { toast } from "../parts/toast";
import type { About } from "./about";

/** Lifts the hold on a target, which then gets the generation that has failed there. */
export function LiftHold({
  deployment,
  cluster,
  hold,
}: {
  deployment: About["deployment"];
  cluster: string;
  hold: NonNullable<About["target"]["hold"]>;
}) {
  const { send, fetching, refusal } = useAction(LiftHoldDocument, "LiftHoldPayload");
  const refused = needs(deployment.permissions, "rollouts.steer");
  async function lift() {
    const input = { deployment: deployment.id, generation: hold.generation, cluster };
    if (await send({ input })) toast("Hold lifted.");
  }
  return (
    <>
      <RefusalNote refusal={refusal} />
      <button
        type="button"
        className="button"
        disabled={fetching || refused !== undefined}
        title={refused}
        onClick={lift}
      >
        Lift hold
      </button>
    </>
  );
}
