import "../styles/edit.css";
import { useState } from "react";
import { useQuery } from "urql";
import { useLocation } from "wouter";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import type { Revision } from "../deployment/history";
import {
  ChartDetailDocument,
  GenerationNowDocument,
  ToEditDocument,
  type ToEditQuery,
  UpdateDeploymentDocument,
} from "../graphql";
import { deploymentPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { EmptyState, QueryResult } from "../parts/states";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import type { Reference } from "../values/references";
import { asConditions } from "../values/selectors";
import { Description } from "./description";
import { type Draft, type IgnoreRule, wantedOf, withRule } from "./draft";
import { Options } from "./options";
import { usePlanning } from "./planning";
import { Review } from "./review";
import { Rollout } from "./rollout";
import { strategyOf } from "./strategy";
import { Targets } from "./targets";
import { Values } from "./values";

type Deployment = NonNullable<ToEditQuery["deployment"]>;

export default function EditPage({ group, release }: { group: string; release: string }) {
  const organization = useOrganization();
  // What is edited is what is wanted now, not what a page has seen once.
  const [asked, ask] = useQuery({
    query: ToEditDocument,
    variables: { organization, group, release },
    requestPolicy: "network-only",
  });
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ deployment }) =>
        deployment ? <Edit start={deployment} /> : <EmptyState title="Deployment not found" />
      }
    </QueryResult>
  );
}

function Edit({ start }: { start: Deployment }) {
  const organization = useOrganization();
  const [, go] = useLocation();
  const [deployment] = useState(start);
  // A rollback opens this page with the earlier generation, so that its plan is shown like that of any change.
  const [revision] = useState(() => (window.history.state as { revision?: Revision } | null)?.revision);
  const [version, setVersion] = useState(revision?.chartVersion ?? deployment.chartVersion);
  // A rule that was suggested elsewhere comes here, and is saved with a plan like any other change.
  const [added] = useState(() => (window.history.state as { ignore?: IgnoreRule } | null)?.ignore);
  const [draft, setDraft] = useState(() => {
    const found = draftOf(deployment, revision);
    return added ? { ...found, liveDriftIgnore: withRule(found.liveDriftIgnore, added) } : found;
  });
  const { send, fetching, refusal } = useAction(UpdateDeploymentDocument, "DeploymentPayload");
  const [repository, name] = deployment.chart.split("/", 2) as [string, string];
  const [chart, askChart] = useQuery({
    query: ChartDetailDocument,
    variables: { organization, repository, name, version },
  });
  const now = useAnswer(GenerationNowDocument, { id: deployment.id });
  useRefresh("deployment", now.refresh);

  const path = deploymentPath(deployment.group.name, deployment.releaseName);
  const wanted = wantedOf(draft);
  const input =
    "broken" in wanted
      ? null
      : { id: deployment.id, expectedGeneration: deployment.generation, version, ...wanted };
  const planning = usePlanning(input, (given) => send({ input: given }));
  const present =
    now.asked.data?.node && "generation" in now.asked.data.node
      ? now.asked.data.node.generation
      : deployment.generation;

  async function perform(removed: number | null) {
    if (!input) return;
    const answer = await send({ input: { ...input, confirmRemoval: removed } });
    if (!answer) return;
    toast(`${deployment.releaseName} ${answer.operation ? "is being updated" : "was changed"}.`);
    go(path);
  }

  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb
            trail={[
              ["Deployments", "/deployments"],
              [deployment.releaseName, path],
            ]}
          />
          <Title words={`Edit ${deployment.releaseName}`} />
        </div>
      </div>
      {revision && (
        <div className="note" role="status">
          These are the values and targets of generation {revision.generation}. Nothing is changed until you
          apply the plan.
        </div>
      )}
      {added && (
        <div className="note" role="status">
          <p>
            A rule that ignores {added.paths.join(", ")} of {added.kind} was added under Options. Show the
            plan and apply it to save the rule.
          </p>
        </div>
      )}
      {present > deployment.generation && (
        <div className="note warn" role="alert">
          <div className="stack tight">
            <p>
              The deployment was changed in the meantime: it is at generation {present}, and you are editing
              generation {deployment.generation}.
            </p>
            <div>
              <button type="button" className="button slim" onClick={() => window.location.reload()}>
                Load the current generation
              </button>
            </div>
          </div>
        </div>
      )}
      <section className="card padded stack" aria-labelledby="where">
        <h2 id="where">
          {deployment.chart} to {deployment.group.name}
        </h2>
        <div className="field">
          <label htmlFor="version">Chart version</label>
          <select
            id="version"
            className="input slim"
            value={version}
            onChange={(event) => setVersion(event.target.value)}
          >
            {versions(deployment, chart.data?.chart?.versions).map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </div>
        <Description
          text={draft.description}
          change={(description) => setDraft((before) => ({ ...before, description }))}
        />
        <Targets
          group={deployment.group.name}
          members={membersOf(deployment)}
          targets={draft.targets}
          selector={draft.selector}
          change={(targets, selector) => setDraft((before) => ({ ...before, targets, selector }))}
        />
      </section>
      <QueryResult asked={chart} retry={askChart}>
        {(found) => (
          <Values
            draft={draft}
            group={deployment.group.name}
            members={deployment.group.members.map((member) => member.name)}
            change={(changes) => setDraft((before) => ({ ...before, ...changes }))}
            defaultValues={found.chart?.version?.defaultValues ?? ""}
            schema={found.chart?.version?.valuesSchema ?? null}
          />
        )}
      </QueryResult>
      <Options
        draft={draft}
        open={added !== undefined}
        change={(changes) => setDraft((before) => ({ ...before, ...changes }))}
      />
      <Rollout
        draft={draft}
        group={deployment.group.name}
        refusal={refusal ?? planning.refusal}
        change={(changes) => setDraft((before) => ({ ...before, ...changes }))}
      />
      <Review
        planning={planning}
        wanted={wanted}
        defaultValues={chart.data?.chart?.version?.defaultValues ?? ""}
        fetching={fetching}
        refusal={refusal}
        perform={perform}
        store={input && { update: input }}
        change={(changes) => setDraft((before) => ({ ...before, ...changes }))}
        verb="Apply"
      />
    </>
  );
}

/** What is wanted now, or what an earlier revision wanted of those who are still members. */
function draftOf(deployment: Deployment, revision: Revision | undefined): Draft {
  const { valuesYaml, valuesFrom, valueOverrides, selectorOverrides, targetSelector } =
    revision ?? deployment;
  const present = membersOf(deployment).map((member) => member.name);
  const { targets, listedTargets } = revision ?? deployment.desired;
  const listed = targetSelector ? listedTargets : targets;
  return {
    values: valuesYaml,
    overrides: Object.fromEntries(valueOverrides.map((one) => [one.cluster, one.valuesYaml])),
    references: Object.fromEntries([
      ["", valuesFrom.map(referenceOf)],
      ...valueOverrides.map((one) => [one.cluster, one.valuesFrom.map(referenceOf)] as const),
      ...selectorOverrides.map((one, index) => [`/${index}`, one.valuesFrom.map(referenceOf)] as const),
    ]),
    selected: selectorOverrides.map((one, index) => ({
      key: `/${index}`,
      conditions: asConditions(one.select),
      values: one.valuesYaml,
    })),
    targets: revision ? listed.filter((name) => present.includes(name)) : listed,
    selector: targetSelector ? asConditions(targetSelector) : null,
    description: deployment.description ?? "",
    atomic: deployment.atomic,
    wait: deployment.wait,
    timeoutSeconds: deployment.timeoutSeconds,
    remediation: { retries: deployment.remediation.retries, remedy: deployment.remediation.remedy },
    driftPolicy: deployment.driftPolicy,
    liveDrift: deployment.liveDrift,
    liveDriftIgnore: deployment.liveDriftIgnore.map(({ kind, group, paths }) => ({
      kind: kind ?? "",
      group,
      paths,
    })),
    crdPolicy: deployment.crdPolicy,
    dependsOn: deployment.dependsOn.map(({ releaseName, condition }) => ({
      deployment: releaseName,
      condition,
    })),
    strategy: strategyOf(deployment.strategy),
    strategyUse: "unchanged",
    allowCrdVersionRemoval: [],
  };
}

function referenceOf({ secret, key, path }: Reference): Reference {
  return { secret, key, path };
}

/** The group's members, and those that are wanted and have left it. */
function membersOf(deployment: Deployment) {
  const { members } = deployment.group;
  const left = deployment.desired.targets.filter((name) => !members.some((member) => member.name === name));
  return [...members, ...left.map((name) => ({ name, cloud: "no longer a member", region: null }))];
}

function versions(deployment: Deployment, offered: { version: string }[] | undefined): string[] {
  return [...new Set([...(offered ?? []).map((one) => one.version), deployment.chartVersion])];
}
