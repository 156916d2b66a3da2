import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { ClusterDetailDocument, type ClusterDetailQuery, RemoveClusterDocument } from "../graphql";
import { isObject } from "../json";
import { deploymentPath, groupPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Destroy } from "../parts/dialog";
import { Glyph } from "../parts/glyph";
import { by } from "../parts/order";
import { EmptyState, QueryResult } from "../parts/states";
import { ReachabilityMark, Status } from "../parts/status";
import { type Column, Table } from "../parts/table";
import { Ago, Since } from "../parts/time";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { Confirm, Edit } from "./change";

const CONFIRMED_EVERY = 20_000;

type Cluster = NonNullable<ClusterDetailQuery["cluster"]>;
type Release = Cluster["releases"][number];

export default function ClusterPage({ name }: { name: string }) {
  const organization = useOrganization();
  const { asked, ask, refresh } = useAnswer(ClusterDetailDocument, { organization, name });
  useRefresh("cluster target deployment", refresh);
  useFresh(refresh, CONFIRMED_EVERY);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ cluster }) =>
        cluster ? (
          <Found cluster={cluster} />
        ) : (
          <EmptyState title="Cluster not found">
            <Link href="/clusters" className="button">
              Go to clusters
            </Link>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}

function Found({ cluster }: { cluster: Cluster }) {
  const [open, setOpen] = useState<"edit" | "confirm" | "remove" | null>(null);
  const close = () => setOpen(null);
  const labels = isObject(cluster.labels) ? Object.entries(cluster.labels) : [];
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb trail={[["Clusters", "/clusters"]]} />
          <Title words={cluster.name} />
        </div>
        <div className="row">
          <button type="button" className="button" onClick={() => setOpen("edit")}>
            Edit
          </button>
          <button type="button" className="button danger" onClick={() => setOpen("remove")}>
            Remove
          </button>
        </div>
      </div>
      {cluster.reachability === "REACHABLE" && cluster.reachabilityMessage && (
        <div className="note warn">
          <Glyph shape="question" />
          <p>{cluster.reachabilityMessage}</p>
        </div>
      )}
      {cluster.reachability !== "REACHABLE" && (
        <div className="note warn">
          <Glyph shape="question" />
          <div>
            <p>{cluster.reachabilityMessage ?? "Not contacted yet."}</p>
            <p>
              The information below is from the last contact:{" "}
              {cluster.lastSeenAt ? <Ago at={cluster.lastSeenAt} /> : "never"}.
            </p>
            {cluster.answeringUid && (
              <p>
                If the address is wrong, correct it with <b>Edit</b>. If this is the same cluster and its
                kube-system namespace was recreated, confirm the new uid.
              </p>
            )}
            {cluster.answeringUid && (
              <p>
                <button type="button" className="button" onClick={() => setOpen("confirm")}>
                  Confirm the new uid…
                </button>
              </p>
            )}
          </div>
        </div>
      )}
      <dl className="card padded facts">
        <div>
          <dt>State</dt>
          <dd>
            <ReachabilityMark reachability={cluster.reachability} />
          </dd>
        </div>
        <div>
          <dt>Last contact</dt>
          <dd>{cluster.lastSeenAt ? <Ago at={cluster.lastSeenAt} /> : "never"}</dd>
        </div>
        <div>
          <dt>Kubernetes</dt>
          <dd>{cluster.kubernetesVersion ?? "unknown"}</dd>
        </div>
        <div>
          <dt>Location</dt>
          <dd>{[cluster.cloud, cluster.distribution, cluster.region].filter(Boolean).join(", ")}</dd>
        </div>
        <div>
          <dt>Group</dt>
          <dd>
            {cluster.group ? <Link href={groupPath(cluster.group.name)}>{cluster.group.name}</Link> : "none"}
          </dd>
        </div>
        {cluster.credentialsExpireAt && (
          <div>
            <dt>Credentials expire</dt>
            <dd>
              <time dateTime={cluster.credentialsExpireAt}>
                {new Date(cluster.credentialsExpireAt).toLocaleString()}
              </time>
            </dd>
          </div>
        )}
        <div className="broad">
          <dt>API server</dt>
          <dd className="mono">{cluster.server}</dd>
        </div>
        {labels.length > 0 && (
          <div className="broad">
            <dt>Labels</dt>
            <dd className="row">
              {labels.map(([key, value]) => (
                <span className="tag" key={key}>
                  {key}={String(value)}
                </span>
              ))}
            </dd>
          </div>
        )}
      </dl>
      <Deployments cluster={cluster} />
      <Releases cluster={cluster} />
      {open === "edit" && <Edit cluster={cluster} close={close} />}
      {open === "confirm" && cluster.answeringUid && (
        <Confirm cluster={cluster} uid={cluster.answeringUid} close={close} />
      )}
      {open === "remove" && <Remove cluster={cluster} close={close} />}
    </>
  );
}

function Deployments({ cluster }: { cluster: Cluster }) {
  if (cluster.targets.length === 0) return null;
  const targets = cluster.targets.toSorted((one, other) =>
    one.deployment.releaseName.localeCompare(other.deployment.releaseName),
  );
  return (
    <section className="card" aria-labelledby="deployments">
      <header>
        <h2 id="deployments">Deployments</h2>
      </header>
      <ul className="list">
        {targets.map((target) => (
          <li key={target.id}>
            <div className="row apart">
              <Link
                href={`${deploymentPath(target.deployment.group.name, target.deployment.releaseName)}?cluster=${encodeURIComponent(cluster.name)}`}
              >
                {target.deployment.releaseName}
              </Link>
              <span className="row">
                <Status status={target.status} />
                <span className="soft small">
                  for <Since at={target.statusSince} />
                </span>
              </span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Releases({ cluster }: { cluster: Cluster }) {
  return (
    <section className="card" aria-labelledby="releases">
      <header>
        <h2 id="releases">Helm releases</h2>
        <span className="soft small">including those not managed here</span>
      </header>
      {cluster.releases.length === 0 ? (
        <EmptyState title="No Helm releases found" />
      ) : (
        <Table
          label="Helm releases"
          columns={RELEASE_COLUMNS}
          rows={cluster.releases}
          keyOf={({ namespace, name }) => `${namespace}/${name}`}
        />
      )}
    </section>
  );
}

const RELEASE_COLUMNS: Column<Release>[] = [
  { title: "Release", compare: by(({ name }) => name), cell: ({ name }) => name },
  {
    title: "Namespace",
    label: "namespace",
    compare: by(({ namespace }) => namespace),
    cell: ({ namespace }) => namespace,
  },
  {
    title: "Helm status",
    compare: by(({ status }) => status),
    cell: ({ status }) => <Status status={status} />,
  },
  {
    title: "Chart",
    compare: by(({ chartName, chartVersion }) => `${chartName} ${chartVersion}`),
    cell: ({ chartName, chartVersion }) => (
      <>
        {chartName} {chartVersion}
      </>
    ),
  },
  {
    title: "Revision",
    label: "revision",
    compare: by(({ revision }) => revision),
    cell: ({ revision }) => revision,
  },
  {
    title: "Changed",
    label: "changed",
    compare: by(({ updatedAt }) => updatedAt),
    cell: ({ updatedAt }) => updatedAt && <Ago at={updatedAt} />,
  },
  {
    title: "Managed by",
    label: "managed by",
    compare: by(({ managedBy }) => managedBy && `${managedBy.group.name}/${managedBy.releaseName}`),
    cell: ({ managedBy }) =>
      managedBy ? (
        <Link href={deploymentPath(managedBy.group.name, managedBy.releaseName)}>
          {managedBy.group.name}/{managedBy.releaseName}
        </Link>
      ) : (
        <span className="soft">not managed</span>
      ),
  },
];

function Remove({ cluster, close }: { cluster: Cluster; close: () => void }) {
  const { send, fetching, refusal } = useAction(RemoveClusterDocument, "RemoveClusterPayload");
  const [force, setForce] = useState(false);
  const [, go] = useLocation();
  const names = cluster.targets
    .map(({ deployment }) => `${deployment.group.name}/${deployment.releaseName}`)
    .toSorted();
  async function destroy() {
    if (!(await send({ input: { id: cluster.id, force } }))) return;
    toast(`${cluster.name} was removed.`);
    go("/clusters");
  }
  return (
    <Destroy
      title={`Remove ${cluster.name}`}
      name={cluster.name}
      verb="Remove"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>
        The cluster and its credentials are removed from Polyhelm. The cluster itself is not affected.
        {names.length > 0 && ` Deployments on it: ${names.join(", ")}.`}
      </p>
      {names.length > 0 && (
        <label className="check">
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          Leave managed releases on the cluster
        </label>
      )}
    </Destroy>
  );
}
