import { EVERYTHING, useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useOrganization } from "../api/session";
import { type EventLineFragment, EventsDocument } from "../graphql";
import { useAddress } from "../parts/address";
import { Listing } from "../parts/listing";
import { Search } from "../parts/search";
import { EmptyState } from "../parts/states";
import { Title } from "../parts/title";
import { EventLine } from "./event";

/** What events are about, by the first words of their kinds. */
const FAMILIES: Record<string, { words: string; kinds: string[] }> = {
  target: { words: "Targets", kinds: ["target", "release"] },
  deployment: { words: "Deployments", kinds: ["deployment"] },
  operation: { words: "Operations", kinds: ["operation"] },
  cluster: { words: "Clusters", kinds: ["cluster"] },
  cluster_group: { words: "Groups", kinds: ["cluster_group", "group_feature"] },
  secret: { words: "Secrets", kinds: ["secret"] },
  chart_repository: { words: "Repositories", kinds: ["chart_repository", "chart"] },
  user: { words: "Users", kinds: ["user", "role", "token", "session", "organization"] },
};
const SIZE = 100;

/** What happened, newest first. */
export default function ActivityPage() {
  const [params, change] = useAddress();
  const chosen = (params.get("kinds") ?? "").split(",").filter((family) => family in FAMILIES);
  function toggle(family: string) {
    const next = chosen.includes(family) ? chosen.filter((one) => one !== family) : [...chosen, family];
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
          {Object.entries(FAMILIES).map(([family, { words }]) => (
            <button
              key={family}
              type="button"
              className="count tone-busy"
              aria-pressed={chosen.includes(family)}
              onClick={() => toggle(family)}
            >
              {words}
            </button>
          ))}
        </fieldset>
      </div>
      <Events kinds={chosen.flatMap((family) => FAMILIES[family]!.kinds)} search={params.get("q") || null} />
    </>
  );
}

function Events({ kinds, search }: { kinds: string[]; search: string | null }) {
  const organization = useOrganization();
  const isNarrow = kinds.length > 0 || search !== null;
  const pages = usePages(
    EventsDocument,
    { organization, kinds: kinds.length > 0 ? kinds : null, search },
    (data) => data.events,
    SIZE,
  );
  useRefresh(EVERYTHING, pages.refresh);
  return (
    <section className="card" aria-label="Events">
      <Listing
        pages={pages}
        lines={8}
        more="Older events"
        blank={<EmptyState title={isNarrow ? "Nothing matches" : "Nothing has happened yet"} />}
      >
        {(events) => <Days events={events} />}
      </Listing>
    </section>
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
