import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { ValuesOfTarget } from "../deployment/values-of-target";
import { TargetValuesDocument } from "../graphql";
import { QueryResult } from "../parts/states";

/** The values of one target with their origins. */
export function TargetValues({ id }: { id: string }) {
  const { asked, ask, refresh } = useAnswer(TargetValuesDocument, { id });
  useRefresh("deployment", refresh);
  useRefresh("target", refresh, id);
  return (
    <section className="card" aria-label="Values">
      <QueryResult asked={asked} retry={ask}>
        {({ node }) =>
          node?.__typename === "DeploymentTarget" && (
            <ValuesOfTarget target={node} deployment={node.deployment} />
          )
        }
      </QueryResult>
    </section>
  );
}
