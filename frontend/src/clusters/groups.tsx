import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { ClustersDocument, CreateGroupDocument, GroupsDocument } from "../graphql";
import { groupPath } from "../parts/address";
import { FormDialog } from "../parts/dialog";
import { Glyph, ofCluster } from "../parts/glyph";
import { Listing } from "../parts/listing";
import { More } from "../parts/more";
import { Search } from "../parts/search";
import { EmptyState, QueryResult } from "../parts/states";

const GROUPS = 50;

export function Groups({ search }: { search: string | null }) {
  const organization = useOrganization();
  const pages = usePages(GroupsDocument, { organization, search }, (data) => data.clusterGroups, GROUPS);
  useRefresh("cluster cluster_group", pages.refresh);
  const [making, setMaking] = useState(false);
  const make = (
    <button type="button" className="button" onClick={() => setMaking(true)}>
      Create group
    </button>
  );
  return (
    <>
      <section className="card" aria-label="Groups">
        <Listing
          pages={pages}
          more="More groups"
          blank={
            search ? (
              <EmptyState title="Nothing matches" />
            ) : (
              <EmptyState title="No groups yet">
                <p>Deployments target a group of clusters. A cluster belongs to one group at a time.</p>
                {make}
              </EmptyState>
            )
          }
        >
          {(groups) => (
            <>
              <header>
                <span className="soft small">
                  {groups.length} {groups.length === 1 ? "group" : "groups"}
                  {pages.more && " and more"}
                </span>
                {make}
              </header>
              <ul className="list">
                {groups.map((group) => (
                  <li key={group.id}>
                    <div className="row apart">
                      <Link href={groupPath(group.name)}>
                        <b>{group.name}</b>
                      </Link>
                      <span className="soft small">
                        {group.members.length} {group.members.length === 1 ? "cluster" : "clusters"}
                      </span>
                    </div>
                    <div className="row small soft">
                      {group.members.slice(0, 12).map((member) => {
                        const [tone, shape, words] = ofCluster(member.reachability);
                        return (
                          <span key={member.id} className="row" title={words}>
                            <Glyph shape={shape} tone={tone} />
                            {member.name}
                          </span>
                        );
                      })}
                      {group.members.length > 12 && <span>and {group.members.length - 12} more</span>}
                    </div>
                  </li>
                ))}
              </ul>
            </>
          )}
        </Listing>
      </section>
      {making && <CreateGroup close={() => setMaking(false)} />}
    </>
  );
}

function CreateGroup({ close }: { close: () => void }) {
  const organization = useOrganization();
  const [, go] = useLocation();
  const { send, fetching, refusal } = useAction(CreateGroupDocument, "ClusterGroupPayload");
  const [name, setName] = useState("");
  const [members, setMembers] = useState<string[]>([]);
  async function submit() {
    const made = await send({ input: { organization, name, members } });
    if (made) go(groupPath(made.clusterGroup.name));
  }
  return (
    <FormDialog
      title="Create group"
      verb="Create"
      disabled={fetching}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <GroupName name={name} change={setName} />
      <Members members={members} change={setMembers} of={null} />
    </FormDialog>
  );
}

const CLUSTERS = 100;

/** A group's name, as it is typed. */
export function GroupName({ name, change }: { name: string; change: (name: string) => void }) {
  return (
    <div className="field">
      <label htmlFor="group-name">Name</label>
      <input
        id="group-name"
        className="input"
        required
        value={name}
        onChange={(event) => change(event.target.value)}
      />
    </div>
  );
}

/** Clusters to choose as members: those that are in no group, and in this one. */
export function Members({
  members,
  change,
  of,
}: {
  members: string[];
  change: (members: string[]) => void;
  of: string | null;
}) {
  const organization = useOrganization();
  const [search, setSearch] = useState("");
  const pages = usePages(
    ClustersDocument,
    { organization, search: search || null },
    (data) => data.clusters,
    CLUSTERS,
  );
  return (
    <fieldset className="stack tight">
      <legend className="label">Clusters</legend>
      <Search label="Search clusters" value={search} change={setSearch} />
      <QueryResult asked={pages.asked} retry={pages.reload} lines={3}>
        {(nodes) => (
          <div className="choices">
            {nodes.length === 0 && <p className="soft small">There is no such cluster.</p>}
            {nodes.map((cluster) => {
              const elsewhere = cluster.group && cluster.group.name !== of ? cluster.group.name : null;
              return (
                <label className="check" key={cluster.id}>
                  <input
                    type="checkbox"
                    disabled={elsewhere !== null}
                    checked={members.includes(cluster.name)}
                    onChange={(event) =>
                      change(
                        event.target.checked
                          ? [...members, cluster.name]
                          : members.filter((name) => name !== cluster.name),
                      )
                    }
                  />
                  <span>
                    {cluster.name}{" "}
                    <span className="soft small">
                      {elsewhere ? `in ${elsewhere}` : `${cluster.cloud} ${cluster.region ?? ""}`}
                    </span>
                  </span>
                </label>
              );
            })}
            <More pages={pages} words="More clusters" />
          </div>
        )}
      </QueryResult>
      <p className="soft small">
        {members.length === 0 ? "No clusters selected." : `Chosen: ${members.toSorted().join(", ")}`}
      </p>
    </fieldset>
  );
}
