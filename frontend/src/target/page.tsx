import "../styles/deployment.css";
import "../styles/logs.css";
import "../styles/target.css";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { canReconcile, ReconcileTarget } from "../deployment/reconcile-target";
import { Why } from "../deployment/why";
import { TargetDetailDocument } from "../graphql";
import { clusterPath, deploymentPath, groupPath, targetPath, useAddress } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Forbidden, needs } from "../parts/permission";
import { EmptyState, Loading, QueryResult } from "../parts/states";
import { DriftMark, HealthMark, Status } from "../parts/status";
import { Tabs } from "../parts/tabs";
import { Ago, Since } from "../parts/time";
import { Title } from "../parts/title";
import { STATUS_WORDS } from "../values/words";
import { Waiting } from "../windows/waiting";
import type { About } from "./about";
import { TargetHistory } from "./history";
import { LiftHold } from "./lift-hold";
import { TargetLogs } from "./logs";
import { TargetResources } from "./resources";
import { TargetValues } from "./values";

const CONFIRMED_EVERY = 20_000;

type Names = { group: string; release: string; cluster: string };

/** A deployment on one cluster: its status and health with the reasons, what runs, its values and its history. */
export default function TargetPage(names: Names) {
  const { asked, ask, refresh } = useAnswer(TargetDetailDocument, {
    organization: useOrganization(),
    ...names,
  });
  useRefresh("deployment cluster_group", refresh);
  useFresh(refresh, CONFIRMED_EVERY);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ deployment }) =>
        deployment?.target ? (
          <Found
            about={{
              deployment,
              target: deployment.target,
              path: targetPath(names.group, names.release, names.cluster),
            }}
          />
        ) : asked.stale ? (
          // The cache knows the deployment, and not yet this target.
          <Loading lines={6} />
        ) : (
          <EmptyState title="Target not found">
            <p>
              {names.group}/{names.release} is not deployed to {names.cluster}. It may have been removed.
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

function Found({ about }: { about: About }) {
  const { deployment, target } = about;
  const [params, change] = useAddress();
  const { permissions } = deployment;
  const tabs = [
    { key: "resources", label: "Resources", disabled: needs(permissions, "resources.read") },
    { key: "logs", label: "Logs", disabled: needs(permissions, "logs.read") },
    { key: "values", label: "Values" },
    { key: "history", label: "History" },
  ];
  const asked = tabs.find((tab) => tab.key === params.get("tab"));
  const tab = asked ?? tabs[0]!;
  const path = deploymentPath(deployment.group.name, deployment.releaseName);
  const mayNotWrite = needs(permissions, "deployments.write");
  const { liveDrift } = target;
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Deployments", "/deployments"],
              [deployment.group.name, groupPath(deployment.group.name)],
              [deployment.releaseName, path],
            ]}
          />
          <Title words={`${deployment.releaseName} on ${target.clusterName}`} />
        </div>
        <div className="row">
          {target.hold && (
            <LiftHold deployment={deployment} cluster={target.clusterName} hold={target.hold} />
          )}
          {canReconcile(target) && (
            <ReconcileTarget deployment={deployment} target={target} refused={mayNotWrite} />
          )}
          {mayNotWrite ? (
            <button type="button" className="button" disabled title={mayNotWrite}>
              Edit deployment
            </button>
          ) : (
            <Link href={`${path}/edit`} className="button">
              Edit deployment
            </Link>
          )}
          <Link href={clusterPath(target.clusterName)} className="button">
            View cluster
          </Link>
        </div>
      </div>
      <article
        className="card padded stack"
        aria-label={`${target.clusterName}: ${STATUS_WORDS[target.status]}`}
        data-cluster={target.clusterName}
        data-status={target.status}
      >
        <div className="row wide">
          <span className="row">
            <Status status={target.status} pill />
            <span className="soft small">
              for <Since at={target.statusSince} />
            </span>
          </span>
          <span className="row">
            <HealthMark health={target.health} />
            <span className="soft small">
              for <Since at={target.healthSince} />
            </span>
          </span>
          {liveDrift.state !== "OFF" && (
            <span className="row">
              <DriftMark drift={liveDrift.state} />
              <span className="soft small">
                {liveDrift.drifted > 0 && `${liveDrift.drifted} drifted `}
                {liveDrift.notChecked > 0 && `${liveDrift.notChecked} not checked `}
                for <Since at={liveDrift.since} />
              </span>
            </span>
          )}
        </div>
        <dl className="facts">
          <Fact name="Chart" value={`${deployment.chart} ${target.version ?? "not installed"}`} />
          <Fact name="Namespace" value={deployment.namespace} />
          {target.revision !== null && <Fact name="Revision" value={String(target.revision)} />}
          <Fact name="Generation" value={`${target.generation ?? "none"} of ${deployment.generation}`} />
          <Fact name="Cluster" value={`${target.cloud} ${target.distribution}`} />
          {target.observedAt && (
            <div>
              <dt>Confirmed</dt>
              <dd>
                <Ago at={target.observedAt} />
              </dd>
            </div>
          )}
        </dl>
        <Why target={target} generation={deployment.generation} />
        <Waiting activity={target.activity} refused={mayNotWrite} />
      </article>
      <Tabs tabs={tabs} chosen={tab.key} choose={(key) => change({ tab: key })} label="About this target">
        {tab.disabled ? (
          <Forbidden reason={tab.disabled} />
        ) : (
          <>
            {tab.key === "resources" && <TargetResources about={about} />}
            {tab.key === "logs" && <TargetLogs about={about} />}
            {tab.key === "values" && <TargetValues id={target.id} />}
            {tab.key === "history" && (
              <TargetHistory deployment={deployment.id} cluster={target.clusterName} />
            )}
          </>
        )}
      </Tabs>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="wrap">{value}</dd>
    </div>
  );
}
