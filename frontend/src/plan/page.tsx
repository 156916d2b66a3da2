import "../styles/deployment.css";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useAnswer } from "../api/refetch";
import { PlanDetailDocument, type PlannedTargetLineFragment, PlanTargetsDocument } from "../graphql";
import { deploymentPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Unified } from "../parts/diff";
import { someOf } from "../parts/errors";
import { More } from "../parts/more";
import { DefinitionChanges, ObjectChanges } from "../parts/object-changes";
import { EmptyState, QueryResult } from "../parts/states";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { Actions } from "./actions";
import { groupsOf, PlannedTarget } from "./target";
import type { Plan } from "./types";
import { countsOf, optionsOf, PLAN_KINDS, PLAN_STATES } from "./words";

const EXPIRES_EVERY = 30_000;
const SIZE = 50;
const VERDICTS = { APPROVED: "approved", REJECTED: "rejected" };

export default function PlanPage({ id }: { id: string }) {
  const { asked, ask, refresh } = useAnswer(PlanDetailDocument, { id });
  useRefresh("plan operation", refresh);
  useFresh(refresh, EXPIRES_EVERY);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ plan }) =>
        plan ? (
          <Found plan={plan} refresh={refresh} />
        ) : (
          <EmptyState title="Plan not found">
            <p>It was removed, or it belongs to an organization that you are not a member of.</p>
            <Link href="/deployments" className="button">
              Go to the deployments
            </Link>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}

function Found({ plan, refresh }: { plan: Plan; refresh: () => void }) {
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Deployments", "/deployments"],
              [plan.releaseName, deploymentPath(plan.group.name, plan.releaseName)],
            ]}
          />
          <Title words={`Plan: ${PLAN_KINDS[plan.kind].toLowerCase()} ${plan.releaseName}`} />
          {plan.comment && <p className="soft">{plan.comment}</p>}
        </div>
      </div>
      <div className="card padded stack">
        <dl className="facts">
          <Fact name="State" value={PLAN_STATES[plan.state]} />
          <Fact name="Targets" value={countsOf(plan.counts)} />
          {plan.chartVersion && <Fact name="Chart" value={`${plan.chart} ${plan.chartVersion}`} />}
          <Fact name="Namespace" value={plan.namespace} />
          {plan.generation !== null && <Fact name="Made at generation" value={String(plan.generation)} />}
          <Fact name="Approvals" value={`${plan.approvals} of ${plan.requiredApprovals} required`} />
          <Fact name="Digest" value={plan.digest.slice(0, 12)} />
          <div>
            <dt>Made</dt>
            <dd>
              <Ago at={plan.createdAt} /> by {plan.author}
            </dd>
          </div>
          {plan.state === "OPEN" && (
            <div>
              <dt>Expires</dt>
              <dd>{new Date(plan.expiresAt).toLocaleString()}</dd>
            </div>
          )}
          {plan.endedAt && (
            <div>
              <dt>{PLAN_STATES[plan.state]}</dt>
              <dd>
                <Ago at={plan.endedAt} /> by {plan.endedBy}
              </dd>
            </div>
          )}
        </dl>
        {optionsOf(plan.options).map((words) => (
          <p key={words}>{words}</p>
        ))}
        {plan.removal && (
          <p>
            Removes {plan.removal.count} targets: {someOf(plan.removal.clusters)}.
          </p>
        )}
        {plan.unreachable > 0 && (
          <p>
            {plan.unreachable} targets were unreachable. The plan does not include what will be done there.
          </p>
        )}
        {plan.warnings.map((warning) => (
          <p key={warning.message}>Warning: {warning.message}</p>
        ))}
        <Actions plan={plan} refresh={refresh} />
      </div>
      <Comments plan={plan} />
      <Targets id={plan.id} />
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Comments({ plan }: { plan: Plan }) {
  if (plan.comments.length === 0) return null;
  return (
    <section className="card" aria-label="Comments">
      <ul className="list">
        {plan.comments.map((comment, index) => (
          <li key={index} className="padded">
            <p className="soft small">
              {comment.author} {comment.verdict ? VERDICTS[comment.verdict] : "commented"},{" "}
              <Ago at={comment.createdAt} />
              {comment.verdict && !comment.counts && " (no longer counts)"}
            </p>
            {comment.text && <p style={{ whiteSpace: "pre-wrap" }}>{comment.text}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Targets({ id }: { id: string }) {
  const pages = usePages(PlanTargetsDocument, { id }, ({ plan }) => plan?.targets ?? null, SIZE);
  return (
    <QueryResult asked={pages.asked} retry={pages.reload}>
      {(targets) => (
        <section className="card" aria-label="Targets">
          <ul className="list plan">
            {groupsOf(targets).map(([target, ...others]) => (
              <Target
                key={target.clusterName}
                target={target}
                clusters={[target, ...others].map((each) => each.clusterName)}
              />
            ))}
          </ul>
          <More pages={pages} words="More targets" />
        </section>
      )}
    </QueryResult>
  );
}

function Target({ target, clusters }: { target: PlannedTargetLineFragment; clusters: string[] }) {
  const name = target.clusterName;
  const against = target.revision !== null && target.revision > 0 && clusters.length === 1;
  return (
    <PlannedTarget
      target={target}
      clusters={clusters}
      beside={against && <span className="soft small">against revision {target.revision}</span>}
    >
      {target.valuesDiff && (
        <details>
          <summary>Values</summary>
          <Unified diff={target.valuesDiff} label={`Values on ${name}`} />
        </details>
      )}
      {target.manifestDiff && (
        <details>
          <summary>Manifest</summary>
          <Unified diff={target.manifestDiff} label={`Manifest on ${name}`} />
        </details>
      )}
      <DefinitionChanges changes={target.definitionChanges} cluster={name} />
      <ObjectChanges changes={target.objectChanges} cluster={name} />
    </PlannedTarget>
  );
}
