import "../styles/resources.css";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { useFresh, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { DRIFT_STATES, FindResourcesDocument, type FindResourcesQuery } from "../graphql";
import { targetPath, useAddress } from "../parts/address";
import { Glyph, ofDrift, ofHealth } from "../parts/glyph";
import { Name } from "../parts/name";
import { Search } from "../parts/search";
import { Answer, Blank } from "../parts/states";
import { DriftMark, HealthMark } from "../parts/status";
import { Since } from "../parts/time";
import { Title } from "../parts/title";
import { keyOf } from "../target/tree";
import { driftWords, HEALTH_WORDS } from "../values/words";
import { filterOf, HEALTHS, TEXTS, toggled } from "./filter";

type Resource = FindResourcesQuery["resources"]["nodes"][number];

const SIZE = 50;
const HEIGHT = 44;
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
      <Answer asked={pages.asked} retry={pages.reload} lines={8}>
        {(found) =>
          found.length === 0 ? (
            <Blank title={Object.keys(filter).length > 0 ? "Nothing matches" : "No resources yet"} />
          ) : (
            <Table found={found} more={pages.more} see={pages.see} />
          )
        }
      </Answer>
    </section>
  );
}

/** Only the rows in view are in the page; the next ones are loaded when they come near. */
function Table({
  found,
  more,
  see,
}: {
  found: Resource[];
  more: boolean;
  see: (first: number, last: number) => void;
}) {
  const body = useRef<HTMLDivElement>(null);
  const virtual = useWindowVirtualizer({
    count: found.length,
    estimateSize: () => HEIGHT,
    overscan: 10,
    scrollMargin: body.current?.offsetTop ?? 0,
  });
  const shown = virtual.getVirtualItems();
  const [first, last] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0];
  useEffect(() => see(first, last), [first, last, see]);
  return (
    <div className="found" role="table" aria-label="Resources" aria-rowcount={more ? -1 : found.length + 1}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className="resource heads">
          {["Resource", "Health", "Drift", "Where", "Images and addresses"].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={body} className="rows" style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, start }) => (
          <div
            key={index}
            ref={virtual.measureElement}
            data-index={index}
            role="row"
            aria-rowindex={index + 2}
            className="resource"
            style={{ translate: `0 ${start - virtual.options.scrollMargin}px` }}
          >
            <Cells resource={found[index]!} />
          </div>
        ))}
      </div>
    </div>
  );
}

function Cells({ resource }: { resource: Resource }) {
  const { kind, name, namespace, clusterName, health, reason, message, since, drift, target } = resource;
  const path = target && targetPath(target.deployment.group.name, target.deployment.releaseName, clusterName);
  const details = [...resource.images, ...resource.addresses];
  return (
    <>
      <span role="cell">
        <span className="tag">{kind}</span>
        {path ? (
          <Link href={`${path}?${new URLSearchParams({ object: keyOf(resource) })}`}>
            <Name>{name}</Name>
          </Link>
        ) : (
          <Name>{name}</Name>
        )}
      </span>
      <span role="cell" title={message ?? undefined}>
        <HealthMark health={health} />
        <span className="soft small">{health === "HEALTHY" ? <Since at={since} /> : reason}</span>
      </span>
      <span role="cell">{drift !== "OFF" && <DriftMark drift={drift} />}</span>
      <span role="cell" className="small">
        {path && target ? (
          <Link href={path}>
            {target.deployment.releaseName} on {clusterName}
          </Link>
        ) : (
          clusterName
        )}
        {namespace && <span className="soft">{namespace}</span>}
      </span>
      <span role="cell" className="mono soft small" title={details.join("\n")}>
        {details[0] && <Name>{details[0]}</Name>}
        {details.length > 1 && `+${details.length - 1}`}
      </span>
    </>
  );
}
