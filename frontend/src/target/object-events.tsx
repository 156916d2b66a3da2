import { useFresh, useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { ObjectEventsDocument } from "../graphql";
import { Glyph } from "../parts/glyph";
import { EmptyState, Loading, QueryResult } from "../parts/states";
import { Ago } from "../parts/time";
import { groupOf, type Item } from "./tree";

const EVERY = 10_000;

/** The variables that select an object of a target. */
export function named(item: Item) {
  const { kind, name, namespace, apiVersion } = item;
  return { kind, name, namespace: namespace ?? "", apiGroup: groupOf(apiVersion) };
}

/** What Kubernetes reports about an object, newest first. */
export function ObjectEvents({ target, item }: { target: string; item: Item }) {
  const { asked, ask, refresh } = useAnswer(ObjectEventsDocument, { id: target, ...named(item) });
  useRefresh("target", refresh, target);
  useFresh(refresh, EVERY);
  return (
    <QueryResult asked={asked} retry={() => ask({ requestPolicy: "network-only" })}>
      {({ node }) => {
        const events = node?.__typename === "DeploymentTarget" ? (node.liveObject?.events ?? []) : [];
        // Without an answer yet, the cache gives what it has of the object.
        if (events.length === 0 && asked.stale) return <Loading />;
        if (events.length === 0)
          return (
            <EmptyState title="No events">
              <p>A cluster keeps events for about an hour.</p>
            </EmptyState>
          );
        return (
          <ul className="list" aria-label={`Events of ${item.kind} ${item.name}`}>
            {events.map((event) => (
              <li key={[event.reason, event.message, event.lastAt].join()}>
                <div className="row apart">
                  <span className="row">
                    {event.type !== "Normal" && <Glyph shape="warning" tone="warn" />}
                    <b>{event.reason}</b>
                    {event.count > 1 && <span className="tag">{event.count} times</span>}
                  </span>
                  <span className="soft small">
                    {event.source} {event.lastAt && <Ago at={event.lastAt} />}
                  </span>
                </div>
                <p className="wrap small">{event.message}</p>
              </li>
            ))}
          </ul>
        );
      }}
    </QueryResult>
  );
}
