import { useEffect, useEffectEvent, useState } from "react";
import { useAction } from "../api/outcome";
import { progressWords, useFollowing } from "../edit/following";
import { ReconcileDocument, type ReconcileMutation } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { countOf, DespiteErrors } from "../parts/errors";
import { Glyph } from "../parts/glyph";
import { Loading } from "../parts/states";
import { toast } from "../parts/toast";
import { outlook } from "../plan/target";
import type { Deployment, Target } from "./types";

type Payload = Extract<ReconcileMutation["reconcileDeployment"], { __typename: "DeploymentPayload" }>;
type Planned = NonNullable<Payload["plan"]>["targets"];

/** Reconciles many targets at once: first their plan, then the deed. */
export function ReconcileMany({ deployment, targets }: { deployment: Deployment; targets: Target[] }) {
  // The targets at the time of opening: later changes do not alter what the user confirms.
  const [chosen, setChosen] = useState<string[] | null>(null);
  return (
    <>
      {targets.length > 1 && (
        <button
          type="button"
          className="button first"
          onClick={() => setChosen(targets.map((target) => target.clusterName))}
        >
          Reconcile {countOf(targets.length)}
        </button>
      )}
      {chosen && <Review deployment={deployment} clusters={chosen} close={() => setChosen(null)} />}
    </>
  );
}

function Review({
  deployment,
  clusters,
  close,
}: {
  deployment: Deployment;
  clusters: string[];
  close: () => void;
}) {
  const following = useFollowing();
  const planning = useAction(ReconcileDocument, "DeploymentPayload");
  const { send, fetching, refusal } = useAction(ReconcileDocument, "DeploymentPayload");
  const [planned, setPlanned] = useState<Planned | null>(null);
  const [despite, setDespite] = useState(false);
  const [skipHooks, setSkipHooks] = useState(false);
  const input = { id: deployment.id, targets: clusters };

  const plan = useEffectEvent(async () => {
    const answer = await planning.send({ input: { ...input, dryRun: true } });
    const found = answer?.planProgress ? await following.follow(answer.planProgress.id) : answer;
    setPlanned(found?.plan?.targets ?? null);
  });
  useEffect(() => {
    plan();
  }, []);

  async function perform() {
    if (!(await send({ input: { ...input, skipHooks } }))) return;
    toast(`${deployment.releaseName} is being reconciled on ${countOf(clusters.length)}.`);
    close();
  }

  const unplanned = planning.refusal ?? following.refusal;
  const errors = planned?.filter((target) => target.error).length ?? 0;
  return (
    <FormDialog
      title={`Reconcile ${deployment.releaseName} on ${countOf(clusters.length)}`}
      verb="Reconcile"
      large
      disabled={!planned || fetching || (errors > 0 && !despite)}
      refusal={unplanned ?? refusal}
      submit={perform}
      close={close}
    >
      {planned ? (
        <ul className="list plan">
          {planned.map((target) => (
            <Line key={target.clusterName} target={target} />
          ))}
        </ul>
      ) : (
        !unplanned && (
          <>
            {following.progress && <p role="status">{progressWords(following.progress)}</p>}
            <Loading lines={3} />
          </>
        )
      )}
      <label className="check">
        <input type="checkbox" checked={skipHooks} onChange={(event) => setSkipHooks(event.target.checked)} />
        <span>Skip the chart's hooks</span>
      </label>
      {errors > 0 && <DespiteErrors count={errors} checked={despite} change={setDespite} />}
    </FormDialog>
  );
}

function Line({ target }: { target: Planned[number] }) {
  const [words, tone, shape] = outlook(target);
  const reasons = target.reasons.filter((reason) => reason.message !== target.error?.message);
  return (
    <li data-cluster={target.clusterName} data-action={target.action}>
      <div className="row wide">
        <b>{target.clusterName}</b>
        <span className={`status tone-${tone}`}>
          <Glyph shape={shape} />
          {words}
        </span>
      </div>
      {target.error && <p className="note bad">{target.error.message}</p>}
      {reasons.length > 0 && (
        <ul className="reasons small">
          {reasons.map((reason) => (
            <li key={reason.code + reason.message}>{reason.message}</li>
          ))}
        </ul>
      )}
    </li>
  );
}
