import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { ObjectYamlDocument } from "../graphql";
import { save } from "../parts/file";
import { EmptyState, Loading, QueryResult } from "../parts/states";
import { toast } from "../parts/toast";
import { named } from "./object-events";
import type { Item } from "./tree";

/** A live object as YAML. The data of Secrets is hidden by the server. */
export function ObjectYaml({ target, item }: { target: string; item: Item }) {
  const { asked, ask, refresh } = useAnswer(ObjectYamlDocument, { id: target, ...named(item) });
  useRefresh("target", refresh, target);
  return (
    <QueryResult asked={asked} retry={() => ask({ requestPolicy: "network-only" })}>
      {({ node }) => {
        const yaml = node?.__typename === "DeploymentTarget" ? node.liveObject?.liveYaml : null;
        // Without an answer yet, the cache gives what it has of the object.
        if (!yaml && asked.stale) return <Loading />;
        if (!yaml) return <EmptyState title="The cluster does not have this object" />;
        return (
          <>
            <div className="row">
              <button type="button" className="button slim" onClick={refresh}>
                Refresh
              </button>
              <button
                type="button"
                className="button slim"
                onClick={() => navigator.clipboard.writeText(yaml).then(() => toast("The YAML was copied."))}
              >
                Copy
              </button>
              <button
                type="button"
                className="button slim"
                onClick={() => save(`${item.kind.toLowerCase()}-${item.name}.yaml`, yaml)}
              >
                Download
              </button>
            </div>
            <section className="code yaml" aria-label="YAML" tabIndex={0}>
              {yaml}
            </section>
          </>
        );
      }}
    </QueryResult>
  );
}
