import { useState } from "react";
import { useQuery } from "urql";
import { useRefresh } from "../api/live";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { DeleteServiceDefinitionDocument, type ServiceLineFragment, ServicesDocument } from "../graphql";
import { Destroy } from "../parts/dialog";
import { QueryResult } from "../parts/states";
import { Ago } from "../parts/time";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { ServiceForm } from "./form";
import { Routes } from "./routes";

type Open = { what: "add" } | { what: "change" | "delete"; service: ServiceLineFragment };

/** The services of an organization: its own definitions, which are edited as YAML, and the shipped ones. */
export default function ServicesPage() {
  const organization = useOrganization();
  const [asked, ask] = useQuery({ query: ServicesDocument, variables: { organization } });
  const refresh = () => ask({ requestPolicy: "network-only" });
  useRefresh("service", refresh);
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => {
    setOpen(null);
    refresh();
  };
  return (
    <>
      <div className="head">
        <div>
          <Title words="Services" />
          <p className="soft">
            Versions of charts, and the upgrades between them. Polyhelm does not install services on clusters
            yet.
          </p>
        </div>
        <button type="button" className="button first" onClick={() => setOpen({ what: "add" })}>
          Add service
        </button>
      </div>
      <section className="card" aria-label="Services">
        <QueryResult asked={asked} retry={refresh}>
          {({ services }) => (
            <ul className="list">
              {services.map((service) => (
                <Line key={service.name} service={service} open={(what) => setOpen({ what, service })} />
              ))}
            </ul>
          )}
        </QueryResult>
      </section>
      {open?.what === "add" && <ServiceForm close={close} />}
      {open?.what === "change" && <ServiceForm name={open.service.name} close={close} />}
      {open?.what === "delete" && <Delete service={open.service} close={close} />}
    </>
  );
}

function Line({
  service,
  open,
}: {
  service: ServiceLineFragment;
  open: (what: "change" | "delete") => void;
}) {
  const { name, stored, isShipped, versions, warnings } = service;
  const newest = versions.find((one) => one.state === "OFFERED");
  const [showsRoutes, setShowsRoutes] = useState(false);
  return (
    <li>
      <div className="row apart">
        <span className="row">
          <b className="wrap">{name}</b>
          {newest && <span className="soft wrap">{newest.version}</span>}
          {isShipped && (
            <span className="tag">{stored ? "replaces the shipped definition" : "ships with Polyhelm"}</span>
          )}
        </span>
        <span className="row">
          <button type="button" className="button slim" onClick={() => open("change")}>
            Change<span className="hidden"> {name}</span>
          </button>
          {stored && (
            <button type="button" className="button danger slim" onClick={() => open("delete")}>
              Delete<span className="hidden"> {name}</span>
            </button>
          )}
        </span>
      </div>
      {service.description && <p className="wrap">{service.description}</p>}
      <p className="soft small">
        {versions.length} {versions.length === 1 ? "version" : "versions"}
        {stored && (
          <>
            , revision {stored.revision}, saved {stored.current && `by ${stored.current.author} `}
            <Ago at={stored.updatedAt} />
          </>
        )}
      </p>
      {warnings.length > 0 && (
        <ul className="note warn" aria-label={`Warnings of ${name}`}>
          {warnings.map((warning) => (
            <li key={warning.version}>{warning.message}</li>
          ))}
        </ul>
      )}
      <details onToggle={(event) => setShowsRoutes(event.currentTarget.open)}>
        <summary>
          Routes<span className="hidden"> of {name}</span>
        </summary>
        {showsRoutes && <Routes service={name} versions={versions.map((one) => one.version)} />}
      </details>
    </li>
  );
}

function Delete({ service, close }: { service: ServiceLineFragment; close: () => void }) {
  const { send, fetching, refusal } = useAction(
    DeleteServiceDefinitionDocument,
    "DeleteServiceDefinitionPayload",
  );
  async function destroy() {
    if (!service.stored || !(await send({ input: { id: service.stored.id } }))) return;
    toast(`Service ${service.name} deleted.`);
    close();
  }
  return (
    <Destroy
      title={`Delete the service ${service.name}`}
      name={service.name}
      verb="Delete"
      fetching={fetching}
      refusal={refusal}
      close={close}
      destroy={destroy}
    >
      <p>
        The definition is deleted with all its revisions.
        {service.isShipped && " The definition that ships with Polyhelm applies again."}
      </p>
    </Destroy>
  );
}
