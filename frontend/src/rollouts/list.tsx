import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DeploymentRolloutsDocument, type RolloutLineFragment } from "../graphql";
import { Glyph } from "../parts/glyph";
import { Listing } from "../parts/listing";
import { EmptyState } from "../parts/states";
import { Mark } from "../parts/status";
import { type Column, Table } from "../parts/table";
import { Ago } from "../parts/time";
import { isOpen, PHASES, readyOf, rolloutPath } from "./words";

const SIZE = 20;

const COLUMNS: Column<RolloutLineFragment>[] = [
  {
    title: "Rollout",
    cell: ({ id, generation }) => <Link href={rolloutPath(id)}>Generation {generation}</Link>,
  },
  { title: "State", cell: ({ phase }) => <Mark of={PHASES[phase]} /> },
  { title: "Targets", cell: ({ counts }) => readyOf(counts) },
  { title: "Author", label: "By", cell: ({ author }) => author },
  { title: "Started", label: "Started", cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

/** The rollouts of a deployment, newest first. */
export function Rollouts({ deployment }: { deployment: string }) {
  const organization = useOrganization();
  const pages = usePages(
    DeploymentRolloutsDocument,
    { organization, deployment },
    ({ rollouts }) => rollouts,
    SIZE,
  );
  useRefresh("rollout", pages.refresh);
  return (
    <Listing
      pages={pages}
      more="Older rollouts"
      blank={
        <EmptyState title="No rollouts yet">
          <p>
            A change reaches all targets at once, unless the deployment or the change has a{" "}
            <code>strategy</code>.
          </p>
        </EmptyState>
      }
    >
      {(rollouts) => (
        <section className="card" aria-label="Rollouts">
          <Table
            label="Rollouts"
            columns={COLUMNS}
            rows={rollouts}
            keyOf={({ id }) => id}
            isComplete={!pages.more}
          />
        </section>
      )}
    </Listing>
  );
}

/** Says that a rollout is in progress, and leads to it. */
export function InProgress({ rollout }: { rollout: RolloutLineFragment | null }) {
  if (!rollout || !isOpen(rollout.phase)) return null;
  return (
    <div className="note" role="status">
      <Glyph shape="up" />
      <p>
        <Link href={rolloutPath(rollout.id)}>Rollout of generation {rollout.generation}</Link>:{" "}
        {PHASES[rollout.phase][2].toLowerCase()}, {readyOf(rollout.counts)}.
      </p>
    </div>
  );
}
