import "../styles/deployment.css";
import { useState } from "react";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { DeploymentDetailDocument } from "../graphql";
import { deploymentPath, groupPath, useAddress } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Counts, countBy, ofDrifts, ofHealths, ofStatuses } from "../parts/counts";
import { someOf } from "../parts/errors";
import { Glyph } from "../parts/glyph";
import { needs } from "../parts/permission";
import { EmptyState, QueryResult } from "../parts/states";
import { Tabs } from "../parts/tabs";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { Plans } from "../plan/list";
import { InProgress, Rollouts } from "../rollouts/list";
import { CRD_POLICY_WORDS, liveDriftWords, REMEDY_WORDS } from "../values/words";
import { DeleteDeployment } from "./delete";
import { History } from "./history";
import { Operations } from "./operations";
import { Promote } from "./promote";
import { ReconcileMany } from "./reconcile";
import { canReconcile } from "./reconcile-target";
import { Suggested } from "./suggested";
import { Targets } from "./targets";
import type { Deployment } from "./types";
import { Values } from "./values";

const CONFIRMED_EVERY = 20_000;

const TABS = [
  { key: "targets", label: "Targets" },
  { key: "values", label: "Values" },
  { key: "history", label: "History" },
  { key: "operations", label: "Operations" },
  { key: "plans", label: "Plans" },
  { key: "rollouts", label: "Rollouts" },
];

export default function DeploymentPage({ group, release }: { group: string; release: string }) {
  const organization = useOrganization();
  const { asked, ask, refresh } = useAnswer(DeploymentDetailDocument, { organization, group, release });
  useRefresh("deployment operation rollout cluster_group", refresh);
  useFresh(refresh, CONFIRMED_EVERY);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ deployment }) =>
        deployment ? (
          <Found deployment={deployment} />
        ) : (
          <EmptyState title="Deployment not found">
            <p>
              The group {group} has no deployment {release}. It may have been deleted.
            </p>
            <Link href="/" className="button">
              Go to the fleet
            </Link>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}

function Found({ deployment }: { deployment: Deployment }) {
  const [params, change] = useAddress();
  const [deleting, setDeleting] = useState(false);
  const [promoting, setPromoting] = useState(false);
  const tab = TABS.some((found) => found.key === params.get("tab")) ? params.get("tab")! : "targets";
  const mayNotWrite = needs(deployment.permissions, "deployments.write");
  const { targets } = deployment;
  const toReconcile = targets.filter(canReconcile);
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Deployments", "/deployments"],
              [deployment.group.name, groupPath(deployment.group.name)],
            ]}
          />
          <Title words={deployment.releaseName} />
          {deployment.description && <p className="soft">{deployment.description}</p>}
        </div>
        <div className="row">
          {!mayNotWrite && <ReconcileMany deployment={deployment} targets={toReconcile} />}
          {mayNotWrite ? (
            <button type="button" className="button" disabled title={mayNotWrite}>
              Edit
            </button>
          ) : (
            <Link
              href={`${deploymentPath(deployment.group.name, deployment.releaseName)}/edit`}
              className="button"
            >
              Edit
            </Link>
          )}
          <button type="button" className="button" onClick={() => setPromoting(true)}>
            Promote
          </button>
          <button
            type="button"
            className="button danger"
            disabled={mayNotWrite !== undefined}
            title={mayNotWrite}
            onClick={() => setDeleting(true)}
          >
            Delete
          </button>
        </div>
      </div>
      {deployment.deleting && (
        <div className="note warn">
          <Glyph shape="minus" />
          <p>Deleting: the deployment disappears once all releases are uninstalled.</p>
        </div>
      )}
      <InProgress rollout={deployment.rollout} />
      <Pending deployment={deployment} />
      <div className="card padded stack">
        <dl className="facts">
          <Fact name="Chart" value={`${deployment.chart} ${deployment.chartVersion}`} />
          <Fact name="Namespace" value={deployment.namespace} />
          <Fact name="Generation" value={String(deployment.generation)} />
          <Fact
            name="Drift policy"
            value={deployment.driftPolicy === "CORRECT" ? "Revert automatically" : "Report only"}
          />
          <Fact name="Drift of live objects" value={liveDriftWords(deployment.liveDrift)} />
          {deployment.crdPolicy !== "CREATE" && (
            <Fact name="CRDs" value={CRD_POLICY_WORDS[deployment.crdPolicy]} />
          )}
          {deployment.remediation.remedy !== "NOTHING" && (
            <Fact name="After a failure" value={REMEDY_WORDS[deployment.remediation.remedy]} />
          )}
          <Others
            name="Depends on"
            group={deployment.group.name}
            others={deployment.dependsOn.map(({ releaseName, condition }) => ({
              releaseName,
              note: condition,
            }))}
          />
          <Others name="Needed by" group={deployment.group.name} others={deployment.dependents} />
          <div>
            <dt>Last changed</dt>
            <dd>
              <Ago at={deployment.updatedAt} />
            </dd>
          </div>
        </dl>
        {/* From the targets themselves, which are live. */}
        <Counts label="By status" counts={ofStatuses(countBy(targets, ({ status }) => status))} />
        <Counts label="By health" counts={ofHealths(countBy(targets, ({ health }) => health))} />
        <Counts label="By drift" counts={ofDrifts(countBy(targets, ({ liveDrift }) => liveDrift.state))} />
      </div>
      <Tabs tabs={TABS} chosen={tab} choose={(key) => change({ tab: key })} label="About this deployment">
        {tab === "targets" && (
          <>
            {deployment.liveDrift !== "OFF" && <Suggested deployment={deployment} />}
            <Targets deployment={deployment} />
          </>
        )}
        {tab === "values" && <Values deployment={deployment} />}
        {tab === "history" && <History deployment={deployment} />}
        {tab === "operations" && <Operations id={deployment.id} />}
        {tab === "plans" && <Plans deployment={deployment.id} />}
        {tab === "rollouts" && <Rollouts deployment={deployment.id} />}
      </Tabs>
      {promoting && (
        <Promote
          deployment={deployment}
          generation={deployment.generation}
          close={() => setPromoting(false)}
        />
      )}
      {deleting && <DeleteDeployment deployment={deployment} close={() => setDeleting(false)} />}
    </>
  );
}

/** Clusters that the next generation adds and removes, because the target selector matches others now. */
function Pending({ deployment }: { deployment: Deployment }) {
  const { joining, leaving } = deployment.pendingMembership;
  if (joining.length + leaving.length === 0) return null;
  return (
    <div className="note warn" role="status">
      <Glyph shape="question" />
      <div>
        {joining.length > 0 && (
          <p>The target selector now also matches {someOf(joining)}. The next change adds them.</p>
        )}
        {leaving.length > 0 && (
          <p>The target selector no longer matches {someOf(leaving)}. The next change removes them.</p>
        )}
        <p>
          <Link href={`${deploymentPath(deployment.group.name, deployment.releaseName)}/edit`}>
            Plan this change
          </Link>
        </p>
      </div>
    </div>
  );
}

/** Links to other deployments of the group, each perhaps with a note. */
function Others({
  name,
  group,
  others,
}: {
  name: string;
  group: string;
  others: { releaseName: string; note?: string | null }[];
}) {
  if (others.length === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      {others.map(({ releaseName, note }) => (
        <dd key={releaseName}>
          <Link href={deploymentPath(group, releaseName)}>{releaseName}</Link>
          {note && <span className="soft"> if {note}</span>}
        </dd>
      ))}
    </div>
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
