import { useAction } from "../api/outcome";
import { LiftHoldDocument, type RolloutDetailFragment } from "../graphql";
import { Glyph } from "../parts/glyph";
import { RefusalNote } from "../parts/states";
import { toast } from "../parts/toast";

/** Why the generation of a rollout is on hold, and the way to lift the hold, for those who may. */
export function Hold({ rollout: { deployment, generation } }: { rollout: RolloutDetailFragment }) {
  const { send, fetching, refusal } = useAction(LiftHoldDocument, "LiftHoldPayload");
  const hold = deployment.holds.find((each) => each.generation === generation);
  if (!hold) return null;
  async function lift() {
    if (await send({ input: { deployment: deployment.id, generation } })) toast("Hold lifted.");
  }
  return (
    <>
      <div className="note warn" role="status">
        <Glyph shape="minus" />
        <div className="row apart">
          <p>
            Generation {generation} is on hold: {hold.reason}
          </p>
          {deployment.permissions.includes("rollouts.steer") && (
            <button type="button" className="button slim" disabled={fetching} onClick={lift}>
              Lift hold
            </button>
          )}
        </div>
      </div>
      <RefusalNote refusal={refusal} />
    </>
  );
}
