import "../styles/resources.css";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DRIFT_STATES, FindResourcesDocument, type FindResourcesQuery } from "../graphql";
import { targetPath, useAddress } from "../parts/address";
import { Glyph, ofDrift, ofHealth } from "../parts/glyph";
import { LongTable } from "../parts/long-table";
import { Name } from "../parts/name";
import { Search } from "../parts/search";
import { EmptyState, QueryResult } from "../parts/states";
import { DriftMark, HealthMark } from "../parts/status";
import { Since } from "../parts/time";
import { Title } from "../parts/title";
import { keyOf } from "../target/tree";
import { driftWords, HEALTH_WORDS } from "../values/words";
import { filterOf, HEALTHS, TEXTS, toggled } from "./filter";

type Resource = FindResourcesQuery["resources"]["nodes"][number];

const SIZE = 50;
const EVERY = 60_000;
const LABELS: Record<(typeof TEXTS)[number], string> = {
  kind: "Kind",
  name: "Name",
  namespace: "Namespace",
  image: "Image",
  host: "Host or address",
  cluster: "Cluster",
  group: "Group",
  release: "Release",
};

/** The objects of all releases on all clusters. The filter is in the address. */
export default function ResourcesPage() {
  const [params, change] = useAddress();
  const filter = filterOf(params);
  const toggle = (name: string, word: string) => change({ [name]: toggled(params, name, word) });
  return (
    <>
      <div className="head">
        <div>
          <Title words="Resources" />
          <p className="soft">
            The objects of all releases on all clusters. * matches any text, as in the image *:1.2.3.
          </p>
        </div>
      </div>
      <div className="fields">
        {TEXTS.map((name) => (
          <Search
            key={name}
            label={LABELS[name]}
            value={params.get(name) ?? ""}
            change={(text) => change({ [name]: text || null })}
          />
        ))}
      </div>
      <fieldset className="counts">
        <legend className="hidden">Health</legend>
        {HEALTHS.map((health) => {
          const [tone, shape] = ofHealth(health);
          return (
            <button
              key={health}
              type="button"
              className={`count tone-${tone}`}
              aria-pressed={filter.health?.includes(health) ?? false}
              onClick={() => toggle("health", health)}
            >
              <Glyph shape={shape} />
              {HEALTH_WORDS[health]}
            </button>
          );
        })}
      </fieldset>
      <fieldset className="counts">
        <legend className="hidden">Drift</legend>
        {DRIFT_STATES.filter((state) => state !== "OFF").map((state) => {
          const [tone, shape] = ofDrift(state);
          return (
            <button
              key={state}
              type="button"
              className={`count tone-${tone}`}
              aria-pressed={filter.drift?.includes(state) ?? false}
              onClick={() => toggle("drift", state)}
            >
              <Glyph shape={shape} />
              {state === "MISSING" ? "Missing, compared" : driftWords(state)}
            </button>
          );
        })}
      </fieldset>
      <Found />
    </>
  );
}

function Found() {
  const organization = useOrganization();
  const [params] = useAddress();
  const filter = filterOf(params);
  const pages = usePages(FindResourcesDocument, { organization, filter }, (data) => data.resources, SIZE);
  useRefresh("target deployment", pages.refresh);
  useFresh(pages.refresh, EVERY);
  return (
    <section className="card" aria-label="Resources">
      <QueryResult asked={pages.asked} retry={pages.reload} lines={8}>
        {(found) =>
          found.length === 0 ? (
            <EmptyState title={Object.keys(filter).length > 0 ? "Nothing matches" : "No resources yet"} />
          ) : (
            <LongTable label="Resources" className="resources" columns={COLUMNS} rows={found} pages={pages} />
          )
        }
      </QueryResult>
    </section>
  );
}

const COLUMNS = [
  { title: "Resource", cell: (resource: Resource) => <Identity resource={resource} /> },
  {
    title: "Health",
    hint: ({ message }: Resource) => message ?? undefined,
    cell: ({ health, since, reason }: Resource) => (
      <>
        <HealthMark health={health} />
        <span className="soft small">{health === "HEALTHY" ? <Since at={since} /> : reason}</span>
      </>
    ),
  },
  { title: "Drift", cell: ({ drift }: Resource) => drift !== "OFF" && <DriftMark drift={drift} /> },
  { title: "Location", className: "small", cell: (resource: Resource) => <Where resource={resource} /> },
  {
    title: "Images and addresses",
    className: "mono soft small",
    hint: (resource: Resource) => detailsOf(resource).join("\n"),
    cell: (resource: Resource) => {
      const details = detailsOf(resource);
      return (
        <>
          {details[0] && <Name>{details[0]}</Name>}
          {details.length > 1 && `+${details.length - 1}`}
        </>
      );
    },
  },
];

function Identity({ resource }: { resource: Resource }) {
  const path = pathOf(resource);
  const name = <Name>{resource.name}</Name>;
  return (
    <>
      <span className="tag">{resource.kind}</span>
      {path ? <Link href={`${path}?${new URLSearchParams({ object: keyOf(resource) })}`}>{name}</Link> : name}
    </>
  );
}

function Where({ resource }: { resource: Resource }) {
  const { clusterName, namespace, target } = resource;
  const path = pathOf(resource);
  return (
    <>
      {path && target ? (
        <Link href={path}>
          {target.deployment.releaseName} on {clusterName}
        </Link>
      ) : (
        clusterName
      )}
      {namespace && <span className="soft">{namespace}</span>}
    </>
  );
}

function pathOf({ target, clusterName }: Resource): string | null {
  return target && targetPath(target.deployment.group.name, target.deployment.releaseName, clusterName);
}

function detailsOf({ images, addresses }: Resource): string[] {
  return [...images, ...addresses];
}
