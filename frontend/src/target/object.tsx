import { Link } from "wouter";
import { useAddress } from "../parts/address";
import { DriftMark, HealthMark } from "../parts/status";
import { Tabs } from "../parts/tabs";
import { Ago, Since } from "../parts/time";
import type { About } from "./about";
import { Containers } from "./containers";
import { Drift } from "./drift";
import { ObjectEvents } from "./object-events";
import { type Item, ROOT } from "./tree";
import { ObjectYaml } from "./yaml";

/** What is known about one object of the tree. */
export function ObjectPanel({ about, item, close }: { about: About; item: Item; close: () => void }) {
  const [params, change] = useAddress();
  const isObject = item.key !== ROOT && item.container === null;
  const tabs = [
    { key: "summary", label: "Summary" },
    ...(isObject
      ? [
          { key: "events", label: "Events" },
          { key: "yaml", label: "YAML" },
        ]
      : []),
    ...(item.resource && item.resource.drift !== "OFF" ? [{ key: "drift", label: "Drift" }] : []),
  ];
  const view = tabs.some((tab) => tab.key === params.get("view")) ? params.get("view")! : "summary";
  return (
    <section
      className="card object"
      aria-label={`${item.kind} ${item.name}`}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header>
        <div className="stack tight">
          <span className="soft small">{item.kind}</span>
          <h2 className="wrap">{item.name}</h2>
        </div>
        <button type="button" className="button slim" onClick={close}>
          Close
        </button>
      </header>
      <div className="padded stack">
        <Tabs
          tabs={tabs}
          chosen={view}
          choose={(key) => change({ view: key })}
          label={`About ${item.kind} ${item.name}`}
        >
          {view === "summary" && <Summary about={about} item={item} />}
          {view === "events" && <ObjectEvents target={about.target.id} item={item} />}
          {view === "yaml" && <ObjectYaml target={about.target.id} item={item} />}
          {view === "drift" && item.resource && <Drift about={about} resource={item.resource} />}
        </Tabs>
      </div>
    </section>
  );
}

function Summary({ about, item }: { about: About; item: Item }) {
  const { resource, container } = item;
  const pod = item.kind === "Pod" ? item.name : container ? item.parent?.split("/").at(-1) : undefined;
  const mayReadLogs = about.deployment.permissions.includes("logs.read");
  return (
    <>
      <div className="row">
        <HealthMark health={item.health} />
        {item.drift && item.drift !== "OFF" && <DriftMark drift={item.drift} />}
        {item.since && (
          <span className="soft small">
            {resource ? "for " : "created "}
            {resource ? <Since at={item.since} /> : <Ago at={item.since} />}
          </span>
        )}
      </div>
      {(item.reason || item.message) && (
        <p className="wrap">
          {item.reason && <b>{item.reason}</b>}
          {item.reason && item.message && ": "}
          {item.message}
        </p>
      )}
      <dl className="facts">
        {item.namespace && <Fact name="Namespace" values={[item.namespace]} />}
        {item.apiVersion && <Fact name="API version" values={[item.apiVersion]} />}
        {resource && resource.origin !== "MANIFEST" && (
          <Fact name="Origin" values={[resource.origin.toLowerCase()]} />
        )}
        <Fact name="Images" values={item.images} />
        <Fact name="Addresses" values={resource?.addresses ?? []} />
        {container && (
          <Fact
            name="State"
            values={[container.state.toLowerCase() + (container.ready ? ", ready" : ", not ready")]}
          />
        )}
        {item.restarts > 0 && <Fact name="Restarts" values={[String(item.restarts)]} />}
        {container?.exitCode != null && <Fact name="Exit code" values={[String(container.exitCode)]} />}
        {container?.previousExitCode != null && (
          <Fact name="Exit code of the last run" values={[String(container.previousExitCode)]} />
        )}
      </dl>
      <Containers containers={item.containers} />
      {pod && mayReadLogs && (
        <div>
          <Link
            className="button"
            href={`${about.path}?${new URLSearchParams({ tab: "logs", pod, ...(container && { container: container.name }) })}`}
          >
            View logs
          </Link>
        </div>
      )}
    </>
  );
}

function Fact({ name, values }: { name: string; values: string[] }) {
  if (values.length === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      {values.map((value) => (
        <dd key={value} className="wrap">
          {value}
        </dd>
      ))}
    </div>
  );
}
