import "../styles/rollouts.css";
import { useSubscription } from "urql";
import { Link } from "wouter";
import { useAnswer } from "../api/refetch";
import { RolloutChangedDocument, type RolloutDetailFragment, RolloutPageDocument } from "../graphql";
import { deploymentPath, groupPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Counts } from "../parts/counts";
import { someOf } from "../parts/errors";
import { EmptyState, QueryResult } from "../parts/states";
import { Mark } from "../parts/status";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { planPath } from "../plan/words";
import { Board } from "./board";
import { Hold } from "./hold";
import { Steering } from "./steering";
import { Timeline } from "./timeline";
import { ENDINGS, ofStates, PHASES, rolloutPath } from "./words";

/** One rollout, live: its waves, what they wait for, and what can be done with it. */
export default function RolloutPage({ id }: { id: string }) {
  const { asked, ask } = useAnswer(RolloutPageDocument, { id });
  // The cache stores each answer, and the query above follows the cache.
  useSubscription({ query: RolloutChangedDocument, variables: { id } });
  return (
    <QueryResult asked={asked} retry={ask} lines={8}>
      {({ rollout }) =>
        rollout ? (
          <Found rollout={rollout} />
        ) : (
          <EmptyState title="Rollout not found">
            <p>
              It was removed with its deployment, or it belongs to an organization that you are not a member
              of.
            </p>
            <Link href="/deployments" className="button">
              Go to the deployments
            </Link>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}

function Found({ rollout }: { rollout: RolloutDetailFragment }) {
  const { deployment, generation, budget, author } = rollout;
  const path = deploymentPath(deployment.group.name, deployment.releaseName);
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Deployments", "/deployments"],
              [deployment.group.name, groupPath(deployment.group.name)],
              [deployment.releaseName, path],
              ["Rollouts", `${path}?tab=rollouts`],
            ]}
          />
          <Title words={`Rollout of ${deployment.releaseName}, generation ${generation}`} />
        </div>
        <Steering rollout={rollout} />
      </div>
      <section className="card padded stack" aria-label="State">
        <dl className="facts">
          <div>
            <dt>State</dt>
            <dd>
              <Mark of={PHASES[rollout.phase]} />
            </dd>
          </div>
          <div>
            <dt>Started</dt>
            <dd>
              <Ago at={rollout.createdAt} /> {author && `by ${author}`}
            </dd>
          </div>
          {rollout.endedAt && (
            <div>
              <dt>Ended</dt>
              <dd>
                <Ago at={rollout.endedAt} />
              </dd>
            </div>
          )}
          <div>
            <dt>Unavailable targets</dt>
            <dd>
              {budget.inUse} of at most {budget.maxUnavailable}
            </dd>
          </div>
          {rollout.plan && (
            <div>
              <dt>Plan</dt>
              <dd>
                <Link href={planPath(rollout.plan.id)}>What changes</Link>
              </dd>
            </div>
          )}
          <Other name="Supersedes" other={rollout.supersedes} />
          <Other name="Superseded by" other={rollout.supersededBy} />
          <Other name="Rolls back" other={rollout.rollbackOf} />
        </dl>
        {budget.by.length > 0 && (
          <p>Unavailable: {someOf(budget.by.map(({ clusterName }) => clusterName))}.</p>
        )}
        {rollout.ending && <p>{ENDINGS[rollout.ending]}</p>}
        <Hold rollout={rollout} />
        {rollout.isExpedited && <p>Soak times and approvals are skipped: {rollout.expediteReason}</p>}
        <Counts label="Targets by state" counts={ofStates(rollout.counts)} />
      </section>
      <Board rollout={rollout} />
      <Timeline rollout={rollout} />
    </>
  );
}

function Other({ name, other }: { name: string; other: { id: string; generation: number } | null }) {
  if (!other) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Link href={rolloutPath(other.id)}>Generation {other.generation}</Link>
      </dd>
    </div>
  );
}
