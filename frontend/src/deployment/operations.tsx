import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import {
  DeploymentOperationsDocument,
  type OperationLineFragment,
  type ResultLineFragment,
} from "../graphql";
import { someOf } from "../parts/errors";
import { ofOperation } from "../parts/glyph";
import { More } from "../parts/more";
import { EmptyState, QueryResult } from "../parts/states";
import { Progress } from "../parts/status";
import { Ago, Since } from "../parts/time";
import { alike } from "../values/alike";
import { span } from "../values/words";
import { CancelOperation } from "./cancel";
import { Output } from "./output";

export const KINDS = {
  CREATE: "Create",
  UPDATE: "Update",
  ROLLBACK: "Roll back",
  PROMOTION: "Promote",
  RECONCILE: "Reconcile",
  DELETE: "Delete",
  REMEDIATION: "Remedy a failure",
  CORRECTION: "Correct objects",
  API_MIGRATION: "Migrate API versions",
};
const OPEN = ["PENDING", "RUNNING"];

function lasted(from: string, to: string): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds);
}

const SIZE = 20;

/** The operations and their results. Clusters with an equal error share one entry. */
export function Operations({ id }: { id: string }) {
  const pages = usePages(
    DeploymentOperationsDocument,
    { id },
    ({ node }) => (node?.__typename === "Deployment" ? node.operations : null),
    SIZE,
  );
  useRefresh("operation target", pages.refresh);
  return (
    <QueryResult asked={pages.asked} retry={pages.reload}>
      {(operations) =>
        operations.length > 0 ? (
          <section className="card" aria-label="Operations">
            <ul className="list">
              {operations.map((operation, index) => (
                <li key={operation.id}>
                  <OperationLine operation={operation} open={index === 0} />
                </li>
              ))}
            </ul>
            <More pages={pages} words="Older operations" />
          </section>
        ) : (
          <EmptyState title="No operations yet" />
        )
      }
    </QueryResult>
  );
}

function OperationLine({ operation, open }: { operation: OperationLineFragment; open: boolean }) {
  const { results } = operation;
  const done = results.filter((result) => !OPEN.includes(result.state)).length;
  const failed = results.filter((result) => result.state === "FAILED").length;
  const [tone] = ofOperation(operation.state);
  return (
    <details className="operation" open={open}>
      <summary>
        <span className="row wide">
          <b>
            {KINDS[operation.kind]}
            {operation.generation !== null && ` generation ${operation.generation}`}
          </b>
          <Progress state={operation.state} />
          <span className="soft small">
            {operation.author && `by ${operation.author}, `}
            <Ago at={operation.createdAt} />
          </span>
          <span className="soft small">
            {done} of {results.length} done{failed > 0 && `, ${failed} failed`}
          </span>
        </span>
        <span
          className="bar"
          role="progressbar"
          aria-label="Clusters done"
          aria-valuemin={0}
          aria-valuemax={results.length}
          aria-valuenow={done}
        >
          <i className={`tone-${tone}`} style={{ width: `${(100 * done) / Math.max(results.length, 1)}%` }} />
        </span>
      </summary>
      {OPEN.includes(operation.state) && <CancelOperation operation={operation} />}
      <ul className="results">
        {alike(results, errorOf).map(([result, ...others]) => (
          <li key={result.clusterName}>
            <Result
              operation={operation.id}
              names={[result, ...others].map((each) => each.clusterName)}
              result={result}
            />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The result of an operation on one cluster, or on several with an equal error. */
export function Result({
  operation,
  names,
  result,
}: {
  operation: string;
  names: string[];
  result: ResultLineFragment;
}) {
  return (
    <>
      <div className="row wide">
        <b>{someOf(names)}</b>
        <Progress state={result.state} />
        <span className="soft">{result.summary}</span>
        {result.startedAt && names.length === 1 && (
          <span className="soft small">
            {result.finishedAt ? (
              `in ${lasted(result.startedAt, result.finishedAt)}`
            ) : (
              <>
                for <Since at={result.startedAt} />
              </>
            )}
          </span>
        )}
      </div>
      {result.state === "SUCCEEDED" && result.action !== "NONE" && (
        <Output operation={operation} cluster={result.clusterName} />
      )}
      {result.activity && <p className="soft small">{result.activity.message}</p>}
      {result.error && (
        <>
          <p>{result.error.message}</p>
          {result.abandoned && result.abandoned.objects.length > 0 && (
            <p>
              These objects may still be there:{" "}
              {result.abandoned.objects
                .map((object) => `${object.kind} ${object.namespace}/${object.name}`)
                .join(", ")}
            </p>
          )}
          {result.error.advice && <p className="small">{result.error.advice}</p>}
          {result.error.output && <pre className="code">{result.error.output}</pre>}
        </>
      )}
    </>
  );
}

function errorOf({ state, action, summary, activity, error, abandoned }: ResultLineFragment) {
  if (!error) return null;
  const { code, message, output, advice } = error;
  return JSON.stringify([state, action, summary, activity, code, message, output, advice, abandoned]);
}
