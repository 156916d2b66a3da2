import { useEffect, useEffectEvent, useId, useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { progressWords, useFollowing } from "../edit/following";
import { useStoring } from "../edit/storing";
import {
  PromoteDeploymentDocument,
  type PromoteDeploymentMutation,
  PromotionTargetsDocument,
} from "../graphql";
import { deploymentPath } from "../parts/address";
import { Choice, useChoices } from "../parts/choice";
import { FormDialog, Typed } from "../parts/dialog";
import { Unified } from "../parts/diff";
import { countOf, DespiteErrors, someOf } from "../parts/errors";
import { DefinitionChanges, ObjectChanges } from "../parts/object-changes";
import { Loading } from "../parts/states";
import { toast } from "../parts/toast";
import { groupsOf, PlannedTarget } from "../plan/target";
import type { Deployment } from "./types";

type Payload = Extract<PromoteDeploymentMutation["promoteDeployment"], { __typename: "DeploymentPayload" }>;
type Planned = NonNullable<Payload["plan"]>;

/** Copies a generation to another deployment with the same chart: first what would change there, then the deed. */
export function Promote({
  deployment,
  generation,
  close,
}: {
  deployment: Deployment;
  generation: number;
  close: () => void;
}) {
  const id = useId();
  const choices = useTargets(deployment);
  const [chosen, setChosen] = useState<ReturnType<typeof useTargets>["nodes"][number] | null>(null);
  const [unverified, setUnverified] = useState(false);
  const [planned, setPlanned] = useState<Planned | null>(null);
  const [despite, setDespite] = useState(false);
  const [typed, setTyped] = useState("");
  const following = useFollowing();
  const storing = useStoring();
  const planning = useAction(PromoteDeploymentDocument, "DeploymentPayload");
  const { send, fetching, refusal } = useAction(PromoteDeploymentDocument, "DeploymentPayload");
  const [, go] = useLocation();

  const input = chosen && { id: chosen.id, source: deployment.id, generation, unverified };
  const plan = useEffectEvent(async () => {
    setPlanned(null);
    setDespite(false);
    setTyped("");
    following.dismiss();
    if (!input) return;
    const answer = await planning.send({ input: { ...input, dryRun: true } });
    const found = answer?.planProgress ? await following.follow(answer.planProgress.id) : answer;
    setPlanned(found?.plan ?? null);
  });
  useEffect(() => {
    plan();
  }, [chosen?.id, unverified]);

  async function perform() {
    if (!input || !chosen) return;
    if (!(await send({ input: { ...input, confirmRemoval: planned?.removal?.count || null } }))) return;
    toast(`Generation ${generation} of ${deployment.releaseName} is being promoted to ${chosen.name}.`);
    close();
    go(deploymentPath(chosen.group.name, chosen.releaseName));
  }

  const unplanned = chosen ? (planning.refusal ?? following.refusal) : null;
  const errors = planned?.targets.filter((target) => target.error).length ?? 0;
  const removal = planned?.removal;
  const isConfirmed = !removal?.needsConfirmation || typed.trim() === String(removal.count);
  const isBusy = fetching || storing.fetching;
  const isUnverified = unverified || unplanned?.code === "generation_not_verified";
  return (
    <FormDialog
      title={`Promote generation ${generation} of ${deployment.releaseName}`}
      verb="Promote"
      large
      disabled={!planned?.changed || isBusy || !isConfirmed || (errors > 0 && !despite)}
      refusal={unplanned ?? refusal ?? storing.refusal}
      submit={perform}
      close={close}
    >
      <div className="field">
        <label htmlFor={id}>To the deployment</label>
        <Choice
          id={id}
          choices={choices}
          value={chosen?.name ?? ""}
          change={(name) => setChosen(choices.nodes.find((one) => one.name === name) ?? null)}
          none="Choose a deployment with the same chart"
        />
        <p className="soft small">
          It gets the chart version and the common values of this generation. Its overrides, targets and
          options stay.
        </p>
      </div>
      {isUnverified && (
        <label className="check note warn">
          <input
            type="checkbox"
            checked={unverified}
            onChange={(event) => setUnverified(event.target.checked)}
          />
          <span>Promote this generation although it is not verified</span>
        </label>
      )}
      {chosen && !planned && !unplanned && (
        <>
          {following.progress && <p role="status">{progressWords(following.progress)}</p>}
          <Loading lines={3} />
        </>
      )}
      {planned && !planned.changed && <p className="note">{chosen?.name} has this desired state already.</p>}
      {planned?.changed && (
        <>
          {planned.warnings.map(({ message }) => (
            <p key={message} className="note warn" role="status">
              {message}
            </p>
          ))}
          <Differences targets={planned.targets} />
          {errors > 0 && <DespiteErrors count={errors} checked={despite} change={setDespite} />}
          {removal?.needsConfirmation && (
            <div className="note warn">
              <div className="stack tight">
                <p>
                  The release is uninstalled from {countOf(removal.count)}: {someOf(removal.clusters)}.
                </p>
                <Typed expected={String(removal.count)} typed={typed} change={setTyped} />
              </div>
            </div>
          )}
          <button
            type="button"
            className="button"
            disabled={isBusy || !input}
            title="Others can see a stored plan, comment on it, and approve it."
            onClick={() => input && storing.store({ promote: input })}
          >
            {storing.progress ? progressWords(storing.progress) : "Store this plan"}
          </button>
        </>
      )}
    </FormDialog>
  );
}

function Differences({ targets }: { targets: Planned["targets"] }) {
  return (
    <ul className="list plan">
      {groupsOf(targets).map(([target, ...others]) => (
        <PlannedTarget
          key={target.clusterName}
          target={target}
          clusters={[target, ...others].map((one) => one.clusterName)}
        >
          {target.manifestDiff && (
            <details open={targets.length <= 5}>
              <summary>Changes of manifests</summary>
              <Unified diff={target.manifestDiff} label={`Changes on ${target.clusterName}`} />
            </details>
          )}
          <DefinitionChanges changes={target.definitionChanges} cluster={target.clusterName} open />
          <ObjectChanges changes={target.objectChanges} cluster={target.clusterName} open />
        </PlannedTarget>
      ))}
    </ul>
  );
}

/** The other deployments with the same chart that the user may change, by their names. */
function useTargets(deployment: Deployment) {
  const choices = useChoices(PromotionTargetsDocument, {}, ({ deployments }) => ({
    ...deployments,
    nodes: deployments.nodes.map((one) => ({ ...one, name: `${one.group.name}/${one.releaseName}` })),
  }));
  const nodes = choices.nodes.filter(
    (one) =>
      one.id !== deployment.id &&
      chartOf(one.chart) === chartOf(deployment.chart) &&
      one.permissions.includes("deployments.write"),
  );
  return { ...choices, nodes };
}

const chartOf = (chart: string) => chart.slice(chart.lastIndexOf("/") + 1);
