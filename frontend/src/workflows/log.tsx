import { useRefresh } from "../api/live";
import { usePages } from "../api/pages";
import { WorkflowRunLogsDocument } from "../graphql";
import { Listing } from "../parts/listing";

const SIZE = 200;

/** The lines of the logs of a run, or of one of its steps. */
export function RunLog({ run, path }: { run: string; path: string | null }) {
  const pages = usePages(
    WorkflowRunLogsDocument,
    { id: run, path },
    ({ workflowRun }) => workflowRun?.logs ?? null,
    SIZE,
  );
  useRefresh("workflow", pages.refresh, run);
  return (
    <section className="stack tight" aria-label={path ? `Log of ${path}` : "Log"}>
      <Listing pages={pages} more="More lines" lines={2} blank={<p className="soft">The log is empty.</p>}>
        {(lines) => (
          <ol className="code run-log">
            {lines.map(({ at, path: step, attempt, message }, index) => (
              <li key={index}>
                <time dateTime={at} title={new Date(at).toLocaleString()}>
                  {at.slice(11, 23)}
                </time>{" "}
                {!path && <b>{step} </b>}
                {attempt > 1 && <span className="soft">attempt {attempt} </span>}
                {message}
              </li>
            ))}
          </ol>
        )}
      </Listing>
    </section>
  );
}
