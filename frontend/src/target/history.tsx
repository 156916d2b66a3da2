import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { KINDS, Result } from "../deployment/operations";
import { TargetOperationsDocument } from "../graphql";
import { More } from "../parts/more";
import { EmptyState, QueryResult } from "../parts/states";
import { Ago } from "../parts/time";

const SIZE = 20;

/** The operations on one target, newest first. */
export function TargetHistory({ deployment, cluster }: { deployment: string; cluster: string }) {
  const pages = usePages(
    TargetOperationsDocument,
    { id: deployment, cluster },
    ({ node }) => (node?.__typename === "Deployment" ? node.operations : null),
    SIZE,
  );
  useRefresh("operation target", pages.refresh);
  return (
    <QueryResult asked={pages.asked} retry={pages.reload}>
      {(operations) => {
        const found = operations.filter((operation) => operation.ofTarget.length > 0);
        return (
          <section className="card" aria-label="History">
            {found.length === 0 && !pages.more && <EmptyState title="No operations yet" />}
            <ul className="list results-of-target">
              {found.map((operation) => (
                <li key={operation.id}>
                  <p className="row">
                    <b>
                      {KINDS[operation.kind]}
                      {operation.generation !== null && ` generation ${operation.generation}`}
                    </b>
                    <span className="soft small">
                      {operation.author && `by ${operation.author}, `}
                      <Ago at={operation.createdAt} />
                    </span>
                  </p>
                  <Result operation={operation.id} names={[cluster]} result={operation.ofTarget[0]!} />
                </li>
              ))}
            </ul>
            <More pages={pages} words="Older operations" />
          </section>
        );
      }}
    </QueryResult>
  );
}
