import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { RevokeSessionDocument, SessionsDocument } from "../graphql";
import { EmptyState, QueryResult, RefusalNote } from "../parts/states";
import { Ago } from "../parts/time";

/** The browsers in which the user is signed in. */
export function Sessions() {
  const [asked, ask] = useQuery({ query: SessionsDocument });
  const { send, fetching, refusal } = useAction(RevokeSessionDocument, "RevokeSessionPayload");
  return (
    <section className="card" aria-labelledby="sessions">
      <header>
        <h2 id="sessions">Your sessions</h2>
      </header>
      <QueryResult asked={asked} retry={ask}>
        {({ sessions }) =>
          sessions.length === 0 ? (
            <EmptyState title="No sessions">
              <p>This list shows browsers in which you signed in without an API token.</p>
            </EmptyState>
          ) : (
            <ul className="list">
              {sessions.map((found) => (
                <li key={found.id}>
                  <div className="row apart">
                    <b>{found.current ? "This browser" : found.userAgent || "A browser"}</b>
                    {!found.current && (
                      <button
                        type="button"
                        className="button danger slim"
                        disabled={fetching}
                        onClick={() => send({ input: { id: found.id } })}
                      >
                        Sign out<span className="hidden"> {found.userAgent}</span>
                      </button>
                    )}
                  </div>
                  <span className="soft small">
                    signed in <Ago at={found.createdAt} />, used <Ago at={found.lastUsedAt} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </QueryResult>
      <RefusalNote refusal={refusal} />
    </section>
  );
}
