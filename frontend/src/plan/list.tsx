import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DeploymentPlansDocument } from "../graphql";
import { More } from "../parts/more";
import { EmptyState, QueryResult } from "../parts/states";
import { Ago } from "../parts/time";
import { countsOf, PLAN_KINDS, PLAN_STATES, planPath } from "./words";

const SIZE = 20;

/** The stored plans of a deployment, newest first. */
export function Plans({ deployment }: { deployment: string }) {
  const organization = useOrganization();
  const pages = usePages(DeploymentPlansDocument, { organization, deployment }, ({ plans }) => plans, SIZE);
  useRefresh("plan", pages.refresh);
  return (
    <QueryResult asked={pages.asked} retry={pages.reload}>
      {(plans) =>
        plans.length > 0 ? (
          <section className="card" aria-label="Plans">
            <ul className="list">
              {plans.map((plan) => (
                <li key={plan.id} className="row wide padded">
                  <Link href={planPath(plan.id)}>
                    <b>{PLAN_KINDS[plan.kind]}</b>
                  </Link>
                  <span>{PLAN_STATES[plan.state]}</span>
                  <span className="soft">{countsOf(plan.counts)}</span>
                  {plan.requiredApprovals > 0 && (
                    <span className="soft">
                      {plan.approvals} of {plan.requiredApprovals} approvals
                    </span>
                  )}
                  <span className="soft small">
                    by {plan.author}, <Ago at={plan.createdAt} />
                  </span>
                </li>
              ))}
            </ul>
            <More pages={pages} words="Older plans" />
          </section>
        ) : (
          <EmptyState title="No plans yet">
            <p>
              Store one with <code>polyhelm plan</code> or the mutation <code>planDeployment</code>.
            </p>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}
