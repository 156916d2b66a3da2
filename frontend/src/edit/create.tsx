import "../styles/edit.css";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { Link, useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import {
  ChartDetailDocument,
  type ChartDetailQuery,
  CreateDeploymentDocument,
  GroupMembersDocument,
} from "../graphql";
import { deploymentPath, useAddress } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { Choice, useGroupChoices } from "../parts/choice";
import { EmptyState, Loading, QueryResult } from "../parts/states";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { Description } from "./description";
import { type Draft, wantedOf } from "./draft";
import { Options } from "./options";
import { ChartPicker } from "./picker";
import { usePlanning } from "./planning";
import { Readme } from "./readme";
import { Review } from "./review";
import { Rollout } from "./rollout";
import { AT_ONCE } from "./strategy";
import { Targets } from "./targets";
import { Values } from "./values";

type Chart = NonNullable<ChartDetailQuery["chart"]>;

/** First the chart, then where to and with which values, then the plan. The chart is in the address. */
export default function CreatePage() {
  const organization = useOrganization();
  const [params, change] = useAddress();
  const [repository, name] = (params.get("chart") ?? "").split("/", 2);
  const version = params.get("version");
  const [asked, ask] = useQuery({
    query: ChartDetailDocument,
    variables: { organization, repository: repository ?? "", name: name ?? "", version },
    pause: !name,
  });
  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb trail={[["Deployments", "/deployments"]]} />
          <Title words="Deploy a chart" />
        </div>
        {name && (
          <button type="button" className="button" onClick={() => change({ chart: null, version: null })}>
            Another chart
          </button>
        )}
      </div>
      {name ? (
        <QueryResult asked={asked} retry={ask}>
          {({ chart }) =>
            chart?.version ? (
              <Create
                key={`${chart.repository}/${chart.name}`}
                chart={chart}
                chooseVersion={(one) => change({ version: one })}
              />
            ) : (
              <EmptyState title="Chart not found" />
            )
          }
        </QueryResult>
      ) : (
        <ChartPicker choose={(chart) => change({ chart })} />
      )}
    </>
  );
}

function Create({ chart, chooseVersion }: { chart: Chart; chooseVersion: (version: string) => void }) {
  const organization = useOrganization();
  const [, go] = useLocation();
  const [params] = useAddress();
  const groups = useGroupChoices();
  const [given, setGiven] = useState({
    group: params.get("group") ?? "",
    releaseName: chart.name,
    namespace: "default",
  });
  const [draft, setDraft] = useState<Draft>(() => ({
    values: "",
    overrides: {},
    selected: [],
    references: {},
    targets: [],
    selector: null,
    description: "",
    atomic: false,
    wait: false,
    timeoutSeconds: 300,
    remediation: { retries: 0, remedy: "NOTHING" },
    driftPolicy: "REPORT",
    liveDrift: "OFF",
    liveDriftIgnore: [],
    crdPolicy: "CREATE",
    dependsOn: [],
    strategy: AT_ONCE,
    strategyUse: "unchanged",
    allowCrdVersionRemoval: [],
  }));
  const [aimed, setAimed] = useState<string | null>(null);
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const { send, fetching, refusal } = useAction(CreateDeploymentDocument, "DeploymentPayload");

  const [members, askMembers] = useQuery({
    query: GroupMembersDocument,
    variables: { organization, name: given.group },
    pause: !given.group,
  });
  const group = members.data?.clusterGroup?.name === given.group ? members.data.clusterGroup : null;
  const first = groups.isMore ? undefined : groups.nodes[0]?.name;
  useEffect(() => {
    if (first) setGiven((before) => (before.group ? before : { ...before, group: first }));
  }, [first]);
  // Until the user selects targets, a deployment goes to all members of the selected group.
  const targets =
    group && aimed === group.name ? draft.targets : (group?.members.map((member) => member.name) ?? []);
  const whole = { ...draft, targets };
  const wanted = wantedOf(whole);
  const version = chart.version!;
  const input =
    "broken" in wanted ||
    !group ||
    !given.releaseName ||
    !given.namespace ||
    (targets.length === 0 && draft.selector === null)
      ? null
      : {
          organization,
          group: group.name,
          chart: `${chart.repository}/${chart.name}`,
          version: version.version,
          releaseName: given.releaseName,
          namespace: given.namespace,
          ...wanted,
        };
  const planning = usePlanning(input, (given) => send({ input: given }));
  const edit = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));

  async function perform() {
    if (!input) return;
    const answer = await send({ input: { ...input, idempotencyKey } });
    if (!answer) return;
    toast(`${input.releaseName} is being installed.`);
    go(deploymentPath(input.group, input.releaseName));
  }

  return (
    <>
      <section className="card padded stack" aria-labelledby="chart-head">
        <div className="row apart">
          <h2 id="chart-head">
            {chart.repository}/{chart.name}
          </h2>
          <select
            className="input slim"
            aria-label="Chart version"
            value={version.version}
            onChange={(event) => chooseVersion(event.target.value)}
          >
            {chart.versions.map((one) => (
              <option key={one.version} value={one.version}>
                {one.version}
                {one.deprecated ? " (deprecated)" : ""}
              </option>
            ))}
          </select>
        </div>
        {chart.description && <p className="soft">{chart.description}</p>}
        {version.readme && <Readme text={version.readme} />}
      </section>
      <section className="card padded stack" aria-labelledby="where">
        <h2 id="where">Destination</h2>
        <QueryResult asked={groups.asked} retry={groups.ask}>
          {() =>
            given.group || groups.isMore ? (
              <>
                <div className="fields">
                  <div className="field">
                    <label htmlFor="group">Group</label>
                    <Choice
                      id="group"
                      choices={groups}
                      value={given.group}
                      change={(name) => setGiven({ ...given, group: name })}
                    />
                  </div>
                  <div className="field">
                    <label htmlFor="release">Release name</label>
                    <input
                      id="release"
                      className="input"
                      value={given.releaseName}
                      aria-invalid={refusal?.path.includes("releaseName") || false}
                      onChange={(event) => setGiven({ ...given, releaseName: event.target.value })}
                    />
                  </div>
                  <div className="field">
                    <label htmlFor="namespace">Namespace</label>
                    <input
                      id="namespace"
                      className="input"
                      value={given.namespace}
                      aria-invalid={refusal?.path.includes("namespace") || false}
                      onChange={(event) => setGiven({ ...given, namespace: event.target.value })}
                    />
                  </div>
                </div>
                <Description text={draft.description} change={(description) => edit({ description })} />
                {given.group && (
                  <QueryResult asked={members} retry={askMembers} lines={2}>
                    {() =>
                      group ? (
                        <Targets
                          group={group.name}
                          members={group.members}
                          targets={targets}
                          selector={draft.selector}
                          change={(chosen, selector) => {
                            setAimed(group.name);
                            edit({ targets: chosen, selector });
                          }}
                        />
                      ) : members.fetching ? (
                        <Loading lines={2} />
                      ) : (
                        <p className="note warn">There is no group {given.group}.</p>
                      )
                    }
                  </QueryResult>
                )}
              </>
            ) : (
              <EmptyState title="No groups yet">
                <p>Deployments target a group of clusters.</p>
                <Link href="/clusters?tab=groups" className="button">
                  Create group
                </Link>
              </EmptyState>
            )
          }
        </QueryResult>
      </section>
      <Values
        draft={whole}
        group={group?.name ?? ""}
        members={group?.members.map((member) => member.name) ?? []}
        change={edit}
        defaultValues={version.defaultValues}
        schema={version.valuesSchema}
      />
      <Options draft={draft} change={edit} />
      <Rollout draft={draft} group={group?.name ?? ""} refusal={refusal ?? planning.refusal} change={edit} />
      <Review
        planning={planning}
        wanted={wanted}
        defaultValues={version.defaultValues}
        fetching={fetching}
        refusal={refusal}
        perform={perform}
        store={input && { create: input }}
        change={edit}
        verb="Deploy"
      />
    </>
  );
}
