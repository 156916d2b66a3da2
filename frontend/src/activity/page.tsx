import { useState } from "react";
import { useQuery } from "urql";
import { useRefresh } from "../api/live";
import { useOrganization } from "../api/session";
import { type EventLineFragment, EventsDocument } from "../graphql";
import { useAddress } from "../parts/address";
import { Search } from "../parts/search";
import { Answer, Blank } from "../parts/states";
import { Title } from "../parts/title";
import { EventLine } from "./event";

const FAMILIES = [
  { kind: "target", words: "Targets" },
  { kind: "deployment", words: "Deployments" },
  { kind: "operation", words: "Operations" },
  { kind: "cluster", words: "Clusters" },
  { kind: "cluster_group", words: "Groups" },
  { kind: "secret", words: "Secrets" },
  { kind: "chart_repository", words: "Repositories" },
  { kind: "user", words: "Users" },
];

/** What happened, newest first. */
export default function ActivityPage() {
  const [params, change] = useAddress();
  const chosen = (params.get("kinds") ?? "")
    .split(",")
    .filter((kind) => FAMILIES.some((one) => one.kind === kind));
  function toggle(kind: string) {
    const next = chosen.includes(kind) ? chosen.filter((one) => one !== kind) : [...chosen, kind];
    change({ kinds: next.join(",") || null });
  }
  return (
    <>
      <div className="head">
        <Title words="Activity" />
      </div>
      <div className="stack tight">
        <Search label="Message or person" value={params.get("q") ?? ""} change={(q) => change({ q })} />
        <fieldset className="counts">
          <legend className="hidden">Kinds</legend>
          {FAMILIES.map(({ kind, words }) => (
            <button
              key={kind}
              type="button"
              className="count tone-busy"
              aria-pressed={chosen.includes(kind)}
              onClick={() => toggle(kind)}
            >
              {words}
            </button>
          ))}
        </fieldset>
      </div>
      <Events key={params.toString()} kinds={chosen} search={params.get("q")} />
    </>
  );
}

function Events({ kinds, search }: { kinds: string[]; search: string | null }) {
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  return (
    <section className="card" aria-label="Events">
      {cursors.map((after, index) => (
        <Part
          key={after}
          kinds={kinds}
          search={search}
          after={after}
          next={
            index === cursors.length - 1
              ? (cursor) => setCursors((present) => [...present, cursor])
              : undefined
          }
        />
      ))}
    </section>
  );
}

function Part({
  kinds,
  search,
  after,
  next,
}: {
  kinds: string[];
  search: string | null;
  after: string | null;
  next?: (cursor: string) => void;
}) {
  const organization = useOrganization();
  const [asked, ask] = useQuery({
    query: EventsDocument,
    variables: { organization, kinds: kinds.length > 0 ? kinds : null, search: search || null, after },
  });
  const isNewest = after === null;
  useRefresh(isNewest ? FAMILIES.map(({ kind }) => kind).join(" ") : "", () =>
    ask({ requestPolicy: "network-only" }),
  );
  return (
    <Answer asked={asked} retry={ask} lines={8}>
      {({ events }) => {
        if (events.nodes.length === 0) {
          return (
            <Blank title={kinds.length > 0 || search ? "Nothing matches" : "Nothing has happened yet"} />
          );
        }
        const { hasNextPage, endCursor } = events.pageInfo;
        return (
          <>
            <Days events={events.nodes} />
            {next && hasNextPage && endCursor && (
              <div className="blank">
                <button type="button" className="button" onClick={() => next(endCursor)}>
                  What was before
                </button>
              </div>
            )}
          </>
        );
      }}
    </Answer>
  );
}

function Days({ events }: { events: EventLineFragment[] }) {
  const days = Map.groupBy(events, (event) => new Date(event.at).toDateString());
  return [...days].map(([day, found]) => (
    <section key={day} aria-label={day}>
      <h2 className="day">
        {new Date(day).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" })}
      </h2>
      <ul className="list">
        {found.map((event) => (
          <EventLine key={event.cursor} event={event} />
        ))}
      </ul>
    </section>
  ));
}
