import { type ReactNode, useEffect, useEffectEvent } from "react";
import type { CombinedError } from "urql";
import { onConnected } from "../api/connection";
import type { Refusal } from "../api/outcome";
import { wordsOf } from "../api/outcome";
import { Glyph } from "./glyph";

/** Says that a list is empty, and what to do about it. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="blank">
      <Glyph shape="hollow" />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <i key={index} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
    </div>
  );
}

/** A failed query. If the API was unreachable, the query is repeated once it is reachable. */
export function QueryError({ error, retry }: { error: CombinedError; retry?: () => void }) {
  const retryNow = useEffectEvent(() => retry?.());
  useEffect(() => (error.networkError ? onConnected(() => retryNow()) : undefined), [error]);
  return (
    <div className="note bad" role="alert">
      <Glyph shape="cross" />
      <div className="stack tight">
        <p>{wordsOf(error)}</p>
        {retry && (
          <div>
            <button type="button" className="button slim" onClick={() => retry()}>
              Try again
            </button>
          </div>
        )}
      </div>
    </div>
  );
}

/** Why a mutation was refused, with each single problem. */
export function RefusalNote({ refusal }: { refusal: Refusal | null }) {
  if (!refusal) return null;
  const problems = refusal.problems.filter((problem) => problem.message !== refusal.message);
  return (
    <div className="note bad" role="alert">
      <Glyph shape="cross" />
      <div>
        <p>{refusal.message}</p>
        {problems.length > 0 && (
          <ul>
            {problems.map((problem) => (
              <li key={problem.path.join(".") + problem.message}>
                {problem.path.length > 0 && <code>{problem.path.join(".")}</code>} {problem.message}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

type Asked<Data> = { data?: Data; error?: CombinedError; fetching: boolean };

/** A query's answer: its data once it is loaded, and until then its state. */
export function QueryResult<Data>({
  asked,
  retry,
  lines,
  children,
}: {
  asked: Asked<Data>;
  retry?: () => void;
  lines?: number;
  children: (data: Data) => ReactNode;
}) {
  if (asked.data) return children(asked.data);
  if (asked.error) return <QueryError error={asked.error} retry={retry} />;
  return <Loading lines={lines} />;
}
