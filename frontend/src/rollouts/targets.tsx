import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import {
  DeferTargetDocument,
  RetryTargetDocument,
  type RolloutDetailFragment,
  type RolloutPhase,
  type RolloutTargetLineFragment,
  type RolloutTargetState,
  WaveTargetsDocument,
} from "../graphql";
import { targetPath } from "../parts/address";
import { Listing } from "../parts/listing";
import { EmptyState, RefusalNote } from "../parts/states";
import { Mark } from "../parts/status";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { toast } from "../parts/toast";
import { isOpen, TARGETS } from "./words";

type Rollout = RolloutDetailFragment;
type Line = RolloutTargetLineFragment;

const SIZE = 50;
const RETRIABLE: RolloutTargetState[] = ["FAILED", "INCONCLUSIVE", "DEFERRED"];
const RETRIED_AFTER: RolloutPhase[] = ["FAILED", "SUCCEEDED"];

/** The targets of one wave by the name of the cluster, each with what can be done with it. */
export function WaveTargets({ rollout, wave }: { rollout: Rollout; wave: Rollout["waves"][number] }) {
  const pages = usePages(
    WaveTargetsDocument,
    { id: rollout.id },
    (data) => data.rollout?.waves.find(({ index }) => index === wave.index)?.targets ?? null,
    SIZE,
  );
  useRefresh("rollout", pages.refresh, rollout.id);
  return (
    <>
      <h2>Targets of {wave.name}</h2>
      <div className="card">
        <Listing pages={pages} more="More targets" blank={<EmptyState title="This wave has no targets" />}>
          {(targets) => (
            <Table
              label={`Targets of ${wave.name}`}
              columns={columnsOf(rollout)}
              rows={targets}
              keyOf={({ clusterName }) => clusterName}
              isComplete={!pages.more}
            />
          )}
        </Listing>
      </div>
    </>
  );
}

function columnsOf(rollout: Rollout): Column<Line>[] {
  const { group, releaseName, permissions } = rollout.deployment;
  const columns: Column<Line>[] = [
    {
      title: "Cluster",
      cell: ({ clusterName, target }) =>
        target ? (
          <Link href={targetPath(group.name, releaseName, clusterName)}>{clusterName}</Link>
        ) : (
          clusterName
        ),
    },
    {
      title: "State",
      cell: ({ state, attempt }) => (
        <>
          <Mark of={TARGETS[state]} />
          {attempt > 1 && <span className="soft small"> attempt {attempt}</span>}
        </>
      ),
    },
    { title: "Moved", label: "Moved", cell: ({ movedAt }) => movedAt && <Ago at={movedAt} /> },
  ];
  if (!permissions.includes("rollouts.steer")) return columns;
  return [...columns, { title: "Actions", cell: (line) => <Actions rollout={rollout} line={line} /> }];
}

function Actions({ rollout, line: { clusterName: cluster, state } }: { rollout: Rollout; line: Line }) {
  const retry = useAction(RetryTargetDocument, "RolloutPayload");
  const defer = useAction(DeferTargetDocument, "RolloutPayload");
  const input = { rollout: rollout.id, cluster };
  const canRetry = isOpen(rollout.phase) || RETRIED_AFTER.includes(rollout.phase);
  async function done(sent: Promise<unknown>, words: string) {
    if (await sent) toast(words);
  }
  return (
    <>
      {RETRIABLE.includes(state) && canRetry && (
        <button
          type="button"
          className="button slim"
          disabled={retry.fetching}
          onClick={() => done(retry.send({ input }), `${cluster} will be retried.`)}
        >
          Retry<span className="hidden"> {cluster}</span>
        </button>
      )}
      {state === "BEHIND" && isOpen(rollout.phase) && (
        <button
          type="button"
          className="button slim"
          disabled={defer.fetching}
          onClick={() => done(defer.send({ input }), `${cluster} deferred.`)}
        >
          Defer<span className="hidden"> {cluster}</span>
        </button>
      )}
      <RefusalNote refusal={retry.refusal ?? defer.refusal} />
    </>
  );
}
