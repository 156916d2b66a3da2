import { useState } from "react";
import { useQuery } from "urql";
import { HelmOutputDocument } from "../graphql";
import { QueryResult } from "../parts/states";

/** The output of Helm for an action that succeeded, with the chart's notes. It is loaded when it is opened. */
export function Output({ operation, cluster }: { operation: string; cluster: string }) {
  const [wanted, want] = useState(false);
  const [asked, ask] = useQuery({
    query: HelmOutputDocument,
    variables: { id: operation, cluster },
    pause: !wanted,
  });
  return (
    <details onToggle={(event) => want(event.currentTarget.open)}>
      <summary className="soft small">Helm's output</summary>
      {wanted && (
        <QueryResult asked={asked} retry={ask}>
          {(found) => (
            <pre className="code">{found.operation?.results[0]?.output ?? "Helm printed no output."}</pre>
          )}
        </QueryResult>
      )}
    </details>
  );
}
