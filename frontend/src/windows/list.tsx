import type { ChangeWindowLineFragment } from "../graphql";
import { Glyph } from "../parts/glyph";
import { useNow } from "../parts/time";
import { changesAfter, type Opening } from "./days";

const MOMENT = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const MOST = 50;

/** The next openings and closings, in their order. */
export function Changes({ windows }: { windows: readonly Opening[] }) {
  const now = useNow();
  const changes = changesAfter(new Date(now), windows).slice(0, MOST);
  if (changes.length === 0) return <p>No window opens or closes in the next 60 days.</p>;
  return (
    <ol className="list" aria-label="Next openings and closings">
      {changes.map(({ at, name, kind, opens }) => (
        <li key={`${name} ${opens} ${at.getTime()}`} className="row">
          <Glyph shape={kind === "DENY" ? "minus" : "check"} tone={kind === "DENY" ? "warn" : "good"} />
          <time dateTime={at.toISOString()}>{MOMENT.format(at)}</time>
          <span className="wrap">
            <b>{name}</b> {opens ? "opens" : "closes"}
            {kind === "DENY" ? (opens ? ": no changes" : "") : opens ? ": changes are allowed" : ""}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** All windows, each with what can be done with it. */
export function WindowList({
  windows,
  refused,
  open,
}: {
  windows: readonly ChangeWindowLineFragment[];
  refused: string | undefined;
  open: (what: "change" | "delete", window: ChangeWindowLineFragment) => void;
}) {
  return (
    <section className="card" aria-label="Windows">
      <ul className="list">
        {windows.map((window) => (
          <li key={window.id}>
            <div className="row apart">
              <span className="row">
                <b className="wrap">{window.name}</b>
                <span className="tag">{window.kind === "DENY" ? "Denies changes" : "Allows changes"}</span>
                <span className="soft wrap">{scopeOf(window)}</span>
              </span>
              <span className="row">
                <button
                  type="button"
                  className="button slim"
                  disabled={refused !== undefined}
                  title={refused}
                  onClick={() => open("change", window)}
                >
                  Change<span className="hidden"> {window.name}</span>
                </button>
                <button
                  type="button"
                  className="button danger slim"
                  disabled={refused !== undefined}
                  title={refused}
                  onClick={() => open("delete", window)}
                >
                  Delete<span className="hidden"> {window.name}</span>
                </button>
              </span>
            </div>
            <p className="wrap">
              <code>{window.rule}</code>, for {window.duration} from {window.starts.replace("T", " ")}{" "}
              {window.timeZone}
            </p>
            <p className="soft small wrap">
              {[
                window.reason,
                window.blocksRollback ? "Holds rollbacks." : "Lets rollbacks pass.",
                window.overrideRole === "NONE"
                  ? "No override."
                  : `Override: ${window.overrideRole.toLowerCase()}.`,
              ]
                .filter(Boolean)
                .join(" ")}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function scopeOf({ group, cluster, selector }: ChangeWindowLineFragment): string {
  const scope = group ? `group ${group.name}` : cluster ? `cluster ${cluster.name}` : "all clusters";
  return selector ? `${scope}, if its selector matches` : scope;
}
