import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { type ClusterLineFragment, ClustersDocument } from "../graphql";
import { clusterPath, groupPath, useAddress } from "../parts/address";
import { Listing } from "../parts/listing";
import { by } from "../parts/order";
import { Search } from "../parts/search";
import { EmptyState } from "../parts/states";
import { ReachabilityMark } from "../parts/status";
import { type Column, Table } from "../parts/table";
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
        <div className="row">
          <Link href="/compatibility" className="button">
            Kubernetes API versions
          </Link>
          <Link href="/register" className="button first">
            Register a cluster
          </Link>
        </div>
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
      <Listing
        pages={pages}
        more="More clusters"
        blank={search ? <EmptyState title="Nothing matches" /> : <NoClusters />}
      >
        {(clusters) => <ClusterTable clusters={clusters} isComplete={!pages.more} />}
      </Listing>
    </section>
  );
}

function NoClusters() {
  return (
    <EmptyState title="No clusters yet">
      <p>Register a cluster with a kubeconfig. Nothing is installed on the cluster.</p>
      <Link href="/register" className="button first">
        Register a cluster
      </Link>
    </EmptyState>
  );
}

export function ClusterTable({
  clusters,
  isComplete,
}: {
  clusters: ClusterLineFragment[];
  isComplete: boolean;
}) {
  return (
    <Table
      label="Clusters"
      columns={COLUMNS}
      rows={clusters}
      keyOf={({ id }) => id}
      isComplete={isComplete}
    />
  );
}

const COLUMNS: Column<ClusterLineFragment>[] = [
  {
    title: "Cluster",
    compare: by(({ name }) => name),
    cell: ({ name }) => <Link href={clusterPath(name)}>{name}</Link>,
  },
  {
    title: "State",
    compare: by(({ reachability }) => reachability),
    cell: ({ reachability, reachabilityMessage }) => (
      <>
        <ReachabilityMark reachability={reachability} />
        {reachability !== "REACHABLE" && reachabilityMessage && (
          <p className="soft small wrap">{reachabilityMessage}</p>
        )}
      </>
    ),
  },
  {
    title: "Last contact",
    label: "last contact",
    compare: by(({ lastSeenAt }) => lastSeenAt),
    cell: ({ lastSeenAt }) => (lastSeenAt ? <Ago at={lastSeenAt} /> : "never"),
  },
  {
    title: "Location",
    compare: by(({ cloud, distribution, region }) => `${cloud} ${distribution} ${region ?? ""}`),
    cell: ({ cloud, distribution, region }) => (
      <>
        {cloud} {distribution}
        {region && <span className="soft small"> {region}</span>}
      </>
    ),
  },
  {
    title: "Kubernetes",
    label: "Kubernetes",
    compare: by(({ kubernetesVersion }) => kubernetesVersion),
    cell: ({ kubernetesVersion }) => kubernetesVersion ?? "unknown",
  },
  {
    title: "Group",
    label: "group",
    compare: by(({ group }) => group?.name ?? null),
    cell: ({ group }) =>
      group ? <Link href={groupPath(group.name)}>{group.name}</Link> : <span className="soft">none</span>,
  },
];
