import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { type ClusterLineFragment, ClustersDocument } from "../graphql";
import { clusterPath, groupPath, useAddress } from "../parts/address";
import { More } from "../parts/more";
import { Search } from "../parts/search";
import { Answer, Blank } from "../parts/states";
import { Reached } from "../parts/status";
import { Tabs } from "../parts/tabs";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { Groups } from "./groups";

const CONFIRMED_EVERY = 20_000;

const TABS = [
  { key: "clusters", label: "Clusters" },
  { key: "groups", label: "Groups" },
];

export default function ClustersPage() {
  const [params, change] = useAddress();
  const tab = params.get("tab") === "groups" ? "groups" : "clusters";
  return (
    <>
      <div className="head">
        <Title words="Clusters" />
        <Link href="/register" className="button first">
          Register a cluster
        </Link>
      </div>
      <Tabs
        tabs={TABS}
        chosen={tab}
        choose={(key) => change({ tab: key, q: null })}
        label="Clusters and groups"
      >
        {tab === "clusters" ? (
          <>
            <Search
              label="Name, cloud, distribution or region"
              value={params.get("q") ?? ""}
              change={(q) => change({ q })}
            />
            <Clusters search={params.get("q")} />
          </>
        ) : (
          <>
            <Search label="Name" value={params.get("q") ?? ""} change={(q) => change({ q })} />
            <Groups search={params.get("q") || null} />
          </>
        )}
      </Tabs>
    </>
  );
}

const SIZE = 100;

function Clusters({ search }: { search: string | null }) {
  const organization = useOrganization();
  const pages = usePages(ClustersDocument, { organization, search }, (data) => data.clusters, SIZE);
  useRefresh("cluster cluster_group", pages.refresh);
  useFresh(pages.refresh, CONFIRMED_EVERY);
  return (
    <section className="card" aria-label="Clusters">
      <Answer asked={pages.asked} retry={pages.reload}>
        {(clusters) => {
          if (clusters.length === 0) return search ? <Blank title="Nothing matches" /> : <None />;
          return (
            <>
              <ClusterTable clusters={clusters} />
              <More pages={pages} words="More clusters" />
            </>
          );
        }}
      </Answer>
    </section>
  );
}

function None() {
  return (
    <Blank title="No clusters yet">
      <p>Register a cluster with a kubeconfig. Nothing is installed on the cluster.</p>
      <Link href="/register" className="button first">
        Register a cluster
      </Link>
    </Blank>
  );
}

export function ClusterTable({ clusters }: { clusters: ClusterLineFragment[] }) {
  return (
    <div className="table folds">
      <table>
        <thead>
          <tr>
            <th scope="col">Cluster</th>
            <th scope="col">State</th>
            <th scope="col">Last contact</th>
            <th scope="col">Where</th>
            <th scope="col">Kubernetes</th>
            <th scope="col">Group</th>
          </tr>
        </thead>
        <tbody>
          {clusters.map((cluster) => (
            <tr key={cluster.id}>
              <th scope="row">
                <Link href={clusterPath(cluster.name)}>{cluster.name}</Link>
              </th>
              <td>
                <Reached reachability={cluster.reachability} />
                {cluster.reachability !== "REACHABLE" && cluster.reachabilityMessage && (
                  <p className="soft small wrap">{cluster.reachabilityMessage}</p>
                )}
              </td>
              <td data-label="last contact">
                {cluster.lastSeenAt ? <Ago at={cluster.lastSeenAt} /> : "never"}
              </td>
              <td>
                {cluster.cloud} {cluster.distribution}
                {cluster.region && <span className="soft small"> {cluster.region}</span>}
              </td>
              <td data-label="Kubernetes">{cluster.kubernetesVersion ?? "not known"}</td>
              <td data-label="group">
                {cluster.group ? (
                  <Link href={groupPath(cluster.group.name)}>{cluster.group.name}</Link>
                ) : (
                  <span className="soft">none</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
