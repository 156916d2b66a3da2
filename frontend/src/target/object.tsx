import { LogViewer } from "../logs/viewer";
import { useAddress } from "../parts/address";
import { needs } from "../parts/permission";
import { DriftMark, HealthMark } from "../parts/status";
import { Tabs } from "../parts/tabs";
import { Ago, Since } from "../parts/time";
import type { About } from "./about";
import { Containers } from "./containers";
import { Drift } from "./drift";
import { ObjectEvents } from "./object-events";
import { type Item, ROOT } from "./tree";
import { ObjectYaml } from "./yaml";

const TAIL = 200;

/** What is known about one object of the tree. */
export function ObjectPanel({ about, item, close }: { about: About; item: Item; close: () => void }) {
  const [params, change] = useAddress();
  const { container } = item;
  const pod = item.kind === "Pod" ? item.name : container && item.parent?.split("/").at(-1);
  const isObject = item.key !== ROOT && item.container === null;
  const tabs = [
    { key: "summary", label: "Summary" },
    ...(isObject
      ? [
          { key: "events", label: "Events" },
          { key: "yaml", label: "YAML" },
        ]
      : []),
    ...(pod
      ? [{ key: "logs", label: "Logs", disabled: needs(about.deployment.permissions, "logs.read") }]
      : []),
    ...(item.resource && item.resource.drift !== "OFF" ? [{ key: "drift", label: "Drift" }] : []),
  ];
  const asked = tabs.find((tab) => tab.key === params.get("view") && !("disabled" in tab && tab.disabled));
  const view = asked?.key ?? "summary";
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
          {view === "summary" && <Summary item={item} />}
          {view === "logs" && pod && (
            <LogViewer
              target={about.target.id}
              filter={{ pod, container: container?.name ?? null, previous: false, tail: TAIL }}
              name={[about.deployment.releaseName, about.target.clusterName, pod].join("-")}
              isNamed={item.containers.length > 1}
            />
          )}
          {view === "events" && <ObjectEvents target={about.target.id} item={item} />}
          {view === "yaml" && <ObjectYaml target={about.target.id} item={item} />}
          {view === "drift" && item.resource && <Drift about={about} resource={item.resource} />}
        </Tabs>
      </div>
    </section>
  );
}

function Summary({ item }: { item: Item }) {
  const { resource, container } = item;
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
