import { useState } from "react";
import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import {
  CompatibilityCountsDocument,
  CompatibilityTableDocument,
  IncompatibleReleasesDocument,
} from "../graphql";
import { targetPath, useAddress } from "../parts/address";
import { Listing } from "../parts/listing";
import { Name } from "../parts/name";
import { needs } from "../parts/permission";
import { Search } from "../parts/search";
import { EmptyState, QueryResult } from "../parts/states";
import { type Column, Table } from "../parts/table";
import { Title } from "../parts/title";
import { MigrationDialog } from "./migration";
import { canBeMigrated, changeOf, keyOf, type Release, versionsThrough } from "./releases";

const SIZE = 50;
const EVENTS = "target deployment operation";

/** What a version of Kubernetes removes and deprecates, by release. The version and the filter are in the address. */
export default function CompatibilityPage() {
  const organization = useOrganization();
  const { asked, ask } = useAnswer(CompatibilityTableDocument, { organization });
  return (
    <>
      <div className="head">
        <div>
          <Title words="Kubernetes API versions" />
          <p className="soft">
            Objects of releases whose API version a version of Kubernetes removes or deprecates.
          </p>
        </div>
      </div>
      <QueryResult asked={asked} retry={ask} lines={8}>
        {({ apiCompatibility: { completeThrough, checkedOn } }) => (
          <Chosen through={completeThrough} checkedOn={checkedOn} />
        )}
      </QueryResult>
    </>
  );
}

function Chosen({ through, checkedOn }: { through: string; checkedOn: string }) {
  const [params, change] = useAddress();
  const version = params.get("version") ?? through;
  const versions = versionsThrough(through);
  if (!versions.includes(version)) versions.unshift(version);
  return (
    <>
      <div className="fields">
        <label className="field">
          <span className="label">Kubernetes version</span>
          <select
            className="input"
            value={version}
            onChange={(event) => change({ version: event.target.value })}
          >
            {versions.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span className="label">State</span>
          <select
            className="input"
            value={params.get("state") ?? ""}
            onChange={(event) => change({ state: event.target.value || null })}
          >
            <option value="">Removed or deprecated</option>
            <option value="REMOVED">Removed</option>
            <option value="DEPRECATED">Deprecated</option>
          </select>
        </label>
        <Search
          label="Cluster"
          value={params.get("cluster") ?? ""}
          change={(cluster) => change({ cluster: cluster || null })}
        />
      </div>
      <Releases key={version} version={version} />
      <p className="soft small">
        The table of API versions has the removals up to Kubernetes {through}. It was last checked on{" "}
        {checkedOn}.
      </p>
    </>
  );
}

function Releases({ version }: { version: string }) {
  const organization = useOrganization();
  const [params] = useAddress();
  const [isOpen, open] = useState(false);
  const cluster = params.get("cluster");
  const given = params.get("state");
  const state = given === "REMOVED" || given === "DEPRECATED" ? given : null;
  const counts = useAnswer(CompatibilityCountsDocument, { organization, version });
  const pages = usePages(
    IncompatibleReleasesDocument,
    { organization, version, state, cluster },
    (data) => data.apiCompatibility.releases,
    SIZE,
  );
  const refresh = () => {
    pages.refresh();
    counts.refresh();
  };
  useRefresh(EVENTS, refresh);
  const found = counts.asked.data?.apiCompatibility;
  const refused = reasonAgainst(pages.asked.data ?? [], pages.more);
  return (
    <section className="card padded stack" aria-label="Releases">
      <div className="row apart">
        <p role="status">
          {found &&
            `Kubernetes ${version}: ${found.removedCount} removed, ${found.deprecatedCount} deprecated`}
        </p>
        <button
          type="button"
          className="button first"
          disabled={refused !== undefined}
          title={refused}
          onClick={() => open(true)}
        >
          Plan migration
        </button>
      </div>
      <Listing
        pages={pages}
        more="Show more releases"
        blank={
          <EmptyState title="No affected releases">
            <p>No object has an API version that Kubernetes {version} removes or deprecates.</p>
          </EmptyState>
        }
      >
        {(rows) => (
          <Table label="Releases" columns={COLUMNS} rows={rows} keyOf={keyOf} isComplete={!pages.more} />
        )}
      </Listing>
      {isOpen && (
        <MigrationDialog
          version={version}
          cluster={cluster}
          close={() => {
            open(false);
            refresh();
          }}
        />
      )}
    </section>
  );
}

/** Why no migration can be planned; undefined if one can, as far as the loaded releases show. */
function reasonAgainst(releases: Release[], more: boolean): string | undefined {
  if (more || releases.some((each) => each.mayMigrate && canBeMigrated(each))) return undefined;
  if (releases.some(canBeMigrated)) return needs([], "deployments.write");
  return "There is no record to migrate.";
}

const COLUMNS: Column<Release>[] = [
  {
    title: "Release",
    cell: ({ groupName, releaseName, clusterName }) => (
      <Link href={targetPath(groupName, releaseName, clusterName)}>
        <Name>{`${releaseName} on ${clusterName}`}</Name>
      </Link>
    ),
    compare: (one, other) => keyOf(one).localeCompare(keyOf(other)),
  },
  { title: "Cluster version", label: "Cluster version", cell: (each) => each.clusterKubernetesVersion },
  {
    title: "Objects",
    label: "Objects",
    cell: ({ objects }) => (
      <ul className="stack tight">
        {objects.map((each) => (
          <li key={`${each.apiVersion} ${each.kind} ${each.namespace} ${each.name}`}>
            <span className={`tag ${each.state === "REMOVED" ? "tone-bad" : "tone-warn"}`}>
              {each.state === "REMOVED"
                ? `Removed in ${each.removedIn}`
                : `Deprecated in ${each.deprecatedIn}`}
            </span>{" "}
            {changeOf(each)}
          </li>
        ))}
      </ul>
    ),
  },
  {
    title: "Record",
    label: "Record",
    cell: (each) => each.obstacle ?? `Revision ${each.revision} can be migrated.`,
  },
];
