import { Link } from "wouter";
import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { SuggestedRulesDocument } from "../graphql";
import { deploymentPath } from "../parts/address";
import { countOf } from "../parts/errors";
import type { Deployment } from "./types";

/** Differences that many targets share, each with a link to a change that ignores it. */
export function Suggested({ deployment }: { deployment: Deployment }) {
  const { asked, refresh } = useAnswer(SuggestedRulesDocument, { id: deployment.id });
  useRefresh("target deployment", refresh);
  const node = asked.data?.node;
  const rules = node?.__typename === "Deployment" ? node.suggestedIgnoreRules : [];
  if (rules.length === 0) return null;
  const mayWrite = deployment.permissions.includes("deployments.write");
  return (
    <section className="card" aria-label="Suggested ignore rules">
      <header>
        <h2>Differences that many targets share</h2>
      </header>
      <ul className="list">
        {rules.map(({ kind, group, path, targets, changedBy }) => (
          <li key={`${group}/${kind}${path}`}>
            <div className="row apart">
              <span className="wrap">
                {kind} <code>{path}</code>{" "}
                <span className="soft small">
                  {countOf(targets)}
                  {changedBy && `, changed by ${changedBy}`}
                </span>
              </span>
              {mayWrite && (
                <Link
                  className="button slim"
                  href={`${deploymentPath(deployment.group.name, deployment.releaseName)}/edit`}
                  state={{ ignore: { kind, group, paths: [path] } }}
                >
                  Ignore on all targets
                </Link>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
