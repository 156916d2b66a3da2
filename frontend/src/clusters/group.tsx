import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import {
  DeleteGroupDocument,
  GroupCountsDocument,
  GroupDeploymentsDocument,
  GroupDetailDocument,
  UpdateGroupDocument,
} from "../graphql";
import { deploymentPath, groupPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Counts, ofDrifts, ofHealths, ofStatuses } from "../parts/counts";
import { Destroy, FormDialog, Typed } from "../parts/dialog";
import { countOf, someOf } from "../parts/errors";
import { Listing } from "../parts/listing";
import { EmptyState, QueryResult } from "../parts/states";
import { HealthMark, Status } from "../parts/status";
import { TextField } from "../parts/text-field";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { Feature } from "./feature";
import { GroupName, Members } from "./groups";
import { ClusterTable } from "./page";
import type { Group } from "./types";

export default function GroupPage({ name }: { name: string }) {
  const organization = useOrganization();
  const { asked, ask, refresh } = useAnswer(GroupDetailDocument, { organization, name });
  useRefresh("cluster cluster_group group_feature deployment", refresh);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ clusterGroup }) =>
        clusterGroup ? (
          <Found group={clusterGroup} />
        ) : (
          <EmptyState title="Group not found">
            <Link href="/clusters?tab=groups" className="button">
              Go to groups
            </Link>
          </EmptyState>
        )
      }
    </QueryResult>
  );
}

function Found({ group }: { group: Group }) {
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Clusters", "/clusters"],
              ["Groups", "/clusters?tab=groups"],
            ]}
          />
          <Title words={group.name} />
          <p className="soft small">
            Namespaces: {group.allowedNamespaces?.join(", ") ?? "any"}
            {group.serviceAccount && ` · Service account: ${group.serviceAccount}`}
          </p>
        </div>
        <div className="row">
          <Link href={`/create?group=${encodeURIComponent(group.name)}`} className="button first">
            Deploy a chart
          </Link>
          <button type="button" className="button" onClick={() => setOpen("edit")}>
            Change
          </button>
          <button type="button" className="button danger" onClick={() => setOpen("delete")}>
            Delete
          </button>
        </div>
      </div>
      <Targets group={group.name} />
      <section className="card" aria-labelledby="features">
        <header>
          <h2 id="features">Features</h2>
        </header>
        <ul className="list">
          {group.features.map((feature) => (
            <Feature key={feature.name} group={group} feature={feature} />
          ))}
        </ul>
      </section>
      <section className="card" aria-labelledby="group-deployments">
        <header>
          <h2 id="group-deployments">Deployments</h2>
        </header>
        <Deployments group={group.name} />
      </section>
      <section className="card" aria-labelledby="members">
        <header>
          <h2 id="members">Members</h2>
        </header>
        {group.members.length === 0 ? (
          <EmptyState title="No members yet" />
        ) : (
          <ClusterTable clusters={group.members} isComplete />
        )}
      </section>
      {open === "edit" && <Change group={group} close={close} />}
      {open === "delete" && <Delete group={group} close={close} />}
    </>
  );
}

/** What the group's deployments are on its clusters, in numbers. */
function Targets({ group }: { group: string }) {
  const organization = useOrganization();
  const { asked, refresh } = useAnswer(GroupCountsDocument, { organization, name: group });
  useRefresh("target deployment cluster cluster_group", refresh);
  const found = asked.data?.clusterGroup;
  if (!found || found.statusCounts.length === 0) return null;
  const counts = <Value extends string>(pairs: [Value, number][]) => new Map(pairs);
  return (
    <section className="card padded stack" aria-label="Targets">
      <Counts
        label="By status"
        counts={ofStatuses(counts(found.statusCounts.map(({ status, count }) => [status, count])))}
      />
      <Counts
        label="By health"
        counts={ofHealths(counts(found.healthCounts.map(({ health, count }) => [health, count])))}
      />
      <Counts
        label="By drift"
        counts={ofDrifts(counts(found.driftCounts.map(({ state, count }) => [state, count])))}
      />
    </section>
  );
}

const SIZE = 50;

function Deployments({ group }: { group: string }) {
  const organization = useOrganization();
  const pages = usePages(GroupDeploymentsDocument, { organization, group }, (data) => data.deployments, SIZE);
  useRefresh("deployment target", pages.refresh);
  return (
    <Listing pages={pages} more="More deployments" blank={<EmptyState title="No deployments yet" />}>
      {(deployments) => (
        <ul className="list">
          {deployments.map((deployment) => (
            <li key={deployment.id}>
              <div className="row apart">
                <Link href={deploymentPath(group, deployment.releaseName)}>{deployment.releaseName}</Link>
                <span className="row wide">
                  {deployment.statusCounts.map(({ status, count }) => (
                    <span className="row" key={status}>
                      {count} <Status status={status} />
                    </span>
                  ))}
                  {deployment.healthCounts.map(({ health, count }) => (
                    <span className="row" key={health}>
                      {count} <HealthMark health={health} />
                    </span>
                  ))}
                </span>
              </div>
              <p className="soft small">
                {deployment.chart} {deployment.chartVersion}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Listing>
  );
}

/** Some of a group's deployments by name, and whether there are others. */
function namesOf({ deployments: { nodes, pageInfo } }: Group): string {
  const names = nodes.map((deployment) => deployment.releaseName).join(", ");
  return pageInfo.hasNextPage ? `${names} and others` : names;
}

function Change({ group, close }: { group: Group; close: () => void }) {
  const { send, fetching, refusal } = useAction(UpdateGroupDocument, "ClusterGroupPayload");
  const present = group.members.map((member) => member.name);
  const [name, setName] = useState(group.name);
  const [members, setMembers] = useState(present);
  const [namespaces, setNamespaces] = useState(group.allowedNamespaces?.join(", ") ?? "");
  const [serviceAccount, setServiceAccount] = useState(group.serviceAccount ?? "");
  const leaving = present.filter((member) => !members.includes(member));
  const [typed, setTyped] = useState("");
  const [, go] = useLocation();
  // The server says whether the number has to be typed: it knows what it allows without.
  const needed = refusal?.code === "removal_unconfirmed" ? String(leaving.length) : null;
  async function submit() {
    const confirmRemoval = needed && typed.trim() === needed ? leaving.length : null;
    const allowedNamespaces = namespaces.split(/[\s,]+/).filter(Boolean);
    const restrictions = { allowedNamespaces, serviceAccount: serviceAccount.trim() };
    const done = await send({ input: { id: group.id, name, members, confirmRemoval, ...restrictions } });
    if (!done) return;
    for (const warning of done.warnings) toast(warning);
    close();
    go(groupPath(done.clusterGroup.name), { replace: true });
  }
  return (
    <FormDialog
      title={`Change ${group.name}`}
      verb={leaving.length > 0 ? `Save, and remove ${countOf(leaving.length)}` : "Save"}
      destroys={leaving.length > 0}
      disabled={fetching || (needed !== null && typed.trim() !== needed)}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <GroupName name={name} change={setName} />
      <Members members={members} change={setMembers} of={group.name} />
      <TextField
        id="group-namespaces"
        label="Allowed namespaces"
        hint="Separated by commas. Empty: deployments may use any namespace."
        value={namespaces}
        change={setNamespaces}
      />
      <TextField
        id="group-service-account"
        label="Service account"
        hint="As namespace/name. Empty: deployments use the clusters' credentials."
        value={serviceAccount}
        change={setServiceAccount}
      />
      {leaving.length > 0 && group.deployments.nodes.length > 0 && (
        <div className="note warn">
          The group's releases are uninstalled from {someOf(leaving)}: {namesOf(group)}.
        </div>
      )}
      {needed !== null && leaving.length > 0 && <Typed expected={needed} typed={typed} change={setTyped} />}
    </FormDialog>
  );
}

function Delete({ group, close }: { group: Group; close: () => void }) {
  const { send, fetching, refusal } = useAction(DeleteGroupDocument, "DeleteClusterGroupPayload");
  const [force, setForce] = useState(false);
  const [, go] = useLocation();
  const count = group.deployments.nodes.length;
  async function destroy() {
    if (!(await send({ input: { id: group.id, force } }))) return;
    toast(`${group.name} was deleted.`);
    go("/clusters?tab=groups");
  }
  return (
    <Destroy
      title={`Delete ${group.name}`}
      name={group.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>The group will be deleted. Its clusters stay registered without a group.</p>
      {count > 0 && (
        <label className="check">
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          Delete its {count === 1 ? "deployment" : "deployments"} ({namesOf(group)}) from Polyhelm, and leave
          the releases on the clusters unchanged
        </label>
      )}
    </Destroy>
  );
}
