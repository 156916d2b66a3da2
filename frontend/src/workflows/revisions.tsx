import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { useAnswer } from "../api/refetch";
import { WorkflowRevisionsDocument, WorkflowRevisionsOfDocument } from "../graphql";
import { useAddress } from "../parts/address";
import { Difference } from "../parts/diff";
import { More } from "../parts/more";
import { QueryResult } from "../parts/states";
import { Ago } from "../parts/time";

const SIZE = 50;

/** The revisions of a workflow, and what one has changed. */
export function Revisions({ id }: { id: string }) {
  const pages = usePages(
    WorkflowRevisionsDocument,
    { id },
    ({ node }) => (node?.__typename === "WorkflowDefinition" ? node.revisions : null),
    SIZE,
  );
  useRefresh("workflow", pages.refresh);
  const [params, change] = useAddress();
  return (
    <QueryResult asked={pages.asked} retry={pages.reload}>
      {(revisions) => {
        const shown = Number(params.get("revision")) || revisions[0]!.number;
        return (
          <div className="history">
            <section className="card" aria-label="Revisions">
              <ul className="list">
                {revisions.map(({ number, author, createdAt }) => (
                  <li key={number} className={number === shown ? "chosen" : ""}>
                    <div className="row apart">
                      <label className="check">
                        <input
                          type="radio"
                          name="revision"
                          checked={number === shown}
                          onChange={() => change({ revision: String(number) })}
                        />
                        <b>Revision {number}</b>
                      </label>
                      <span className="soft small">
                        <Ago at={createdAt} />
                      </span>
                    </div>
                    <p className="soft small">by {author}</p>
                  </li>
                ))}
              </ul>
              <More pages={pages} words="Older revisions" />
            </section>
            <Changes id={id} number={shown} />
          </div>
        );
      }}
    </QueryResult>
  );
}

function Changes({ id, number }: { id: string; number: number }) {
  const { asked, ask } = useAnswer(WorkflowRevisionsOfDocument, { id, number, before: number - 1 });
  return (
    <section className="card padded stack" aria-label="Changes">
      <h2>Changes in revision {number}</h2>
      <QueryResult asked={asked} retry={ask}>
        {({ node }) => {
          const { revision, previous } = node?.__typename === "WorkflowDefinition" ? node : {};
          if (!revision) return <p>Revision {number} is not kept any longer.</p>;
          return previous ? (
            <Difference
              before={previous.definition}
              after={revision.definition}
              label="Difference to the revision before"
            />
          ) : (
            <pre className="code">{revision.definition}</pre>
          );
        }}
      </QueryResult>
    </section>
  );
}
