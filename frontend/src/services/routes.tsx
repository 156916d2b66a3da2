import { useId, useState } from "react";
import { useQuery } from "urql";
import { useOrganization } from "../api/session";
import { ServiceRoutesDocument } from "../graphql";
import { OneOf } from "../parts/choice";
import { QueryResult } from "../parts/states";

/** The routes from a version of a service, at first the oldest one, to all others. */
export function Routes({ service, versions }: { service: string; versions: string[] }) {
  const organization = useOrganization();
  const [from, setFrom] = useState(versions.at(-1) ?? "");
  const id = useId();
  const [asked, ask] = useQuery({
    query: ServiceRoutesDocument,
    variables: { organization, name: service, from },
    requestPolicy: "cache-and-network",
  });
  return (
    <>
      <p className="row">
        <label htmlFor={id}>From version</label>
        <OneOf id={id} label="From version" names={versions} value={from} change={setFrom} />
      </p>
      <QueryResult asked={asked} retry={() => ask({ requestPolicy: "network-only" })} lines={2}>
        {({ service: found }) =>
          found && found.routes.length > 0 ? (
            <ul className="list" aria-label={`Routes from ${from}`}>
              {found.routes.map((route) => (
                <li key={route.target}>
                  <b>{route.target}</b>{" "}
                  <span className="soft wrap">{[from, ...route.hops.map((hop) => hop.to)].join(" → ")}</span>{" "}
                  {route.disruptive && <span className="tag">interrupts the service</span>}{" "}
                  {route.irreversibleAfter !== null && (
                    <span className="tag">no way back after {route.hops[route.irreversibleAfter]?.from}</span>
                  )}
                </li>
              ))}
            </ul>
          ) : (
            <p className="soft">No version can be reached from {from}.</p>
          )
        }
      </QueryResult>
    </>
  );
}
