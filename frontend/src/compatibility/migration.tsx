import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { ApiMigrationPlanDocument, MigrateApiVersionsDocument } from "../graphql";
import { FormDialog } from "../parts/dialog";
import { needs } from "../parts/permission";
import { QueryResult } from "../parts/states";
import { toast } from "../parts/toast";
import { canBeMigrated, changeOf, changesOf, keyOf, type Release } from "./releases";

/** The plan of an API migration: each release with its new revision, and the button that starts it. */
export function MigrationDialog({
  version,
  cluster,
  close,
}: {
  version: string;
  cluster: string | null;
  close: () => void;
}) {
  const organization = useOrganization();
  const [asked, ask] = useQuery({
    query: ApiMigrationPlanDocument,
    variables: { organization, version, cluster },
    requestPolicy: "network-only",
  });
  const migrate = useAction(MigrateApiVersionsDocument, "ApiMigrationPayload");
  const found = asked.data?.apiCompatibility.releases.nodes ?? [];
  const planned = found.filter((each) => each.mayMigrate && canBeMigrated(each));
  async function submit() {
    const releases = planned.map(({ target, revision }) => ({ target: target!.id, revision: revision! }));
    if (!(await migrate.send({ input: { kubernetesVersion: version, releases } }))) return;
    toast(`Migration of ${countOf(planned)} started.`);
    close();
  }
  return (
    <FormDialog
      title="Migrate API versions"
      verb={`Migrate ${countOf(planned)}`}
      large
      disabled={planned.length === 0 || migrate.fetching}
      refusal={migrate.refusal}
      submit={submit}
      close={close}
    >
      <p>
        Each release gets one new revision whose record has the API versions of Kubernetes {version}. Objects
        on the clusters stay as they are.
      </p>
      <QueryResult asked={asked} retry={ask} lines={4}>
        {({ apiCompatibility: { releases } }) => (
          <>
            <p role="status">
              {countOf(planned)} on {clustersOf(planned)}
            </p>
            <ul className="stack" aria-label="Plan">
              {releases.nodes.map((each) => (
                <li key={keyOf(each)}>
                  <Line release={each} />
                </li>
              ))}
            </ul>
            {releases.pageInfo.hasNextPage && (
              <p className="soft">
                These are the first {releases.nodes.length} releases. Repeat it for the others.
              </p>
            )}
          </>
        )}
      </QueryResult>
    </FormDialog>
  );
}

function Line({ release }: { release: Release }) {
  const { releaseName, clusterName, revision, mayMigrate } = release;
  const reason = release.obstacle ?? (mayMigrate ? undefined : needs([], "deployments.write"));
  return (
    <>
      <strong>
        {releaseName} on {clusterName}
      </strong>
      {reason === undefined && ` · revision ${revision} → ${(revision ?? 0) + 1}`}
      {reason === undefined ? (
        <ul>
          {changesOf(release).map((each) => (
            <li key={`${each.apiVersion} ${each.kind} ${each.namespace} ${each.name}`}>{changeOf(each)}</li>
          ))}
        </ul>
      ) : (
        <p className="soft">Not migrated: {reason}</p>
      )}
    </>
  );
}

function countOf(releases: Release[]): string {
  return releases.length === 1 ? "1 release" : `${releases.length} releases`;
}

function clustersOf(releases: Release[]): string {
  const count = new Set(releases.map(({ clusterName }) => clusterName)).size;
  return count === 1 ? "1 cluster" : `${count} clusters`;
}
