import { Link } from "wouter";
import { inWords } from "../json";
import { deploymentPath } from "../parts/address";
import { DriftMark } from "../parts/status";
import { Ago } from "../parts/time";
import type { About } from "./about";
import { groupOf, type Resource } from "./tree";

type FieldDifference = Resource["differences"][number];

/** How a live object differs from the manifest of its release. */
export function Drift({ about, resource }: { about: About; resource: Resource }) {
  const counted = resource.differences.filter((one) => one.ignoredBy === null);
  const ignored = resource.differences.filter((one) => one.ignoredBy !== null);
  return (
    <>
      <div className="row">
        <DriftMark drift={resource.drift} />
        {resource.driftReason && <span className="wrap">{resource.driftReason}</span>}
      </div>
      {resource.drift === "MISSING" && (
        <p>The release contains this object, but the cluster does not have it.</p>
      )}
      {counted.length > 0 && (
        <Differences about={about} resource={resource} found={counted} label="Differences" />
      )}
      {ignored.length > 0 && (
        <Differences about={about} resource={resource} found={ignored} label="Ignored differences" />
      )}
      {resource.differencesLeftOut > 0 && (
        <p className="soft small">{resource.differencesLeftOut} more differences are not listed.</p>
      )}
    </>
  );
}

function Differences({
  about: { deployment },
  resource,
  found,
  label,
}: {
  about: About;
  resource: Resource;
  found: FieldDifference[];
  label: string;
}) {
  const mayWrite = deployment.permissions.includes("deployments.write");
  return (
    <ul className="list" aria-label={label}>
      {found.map((one) => (
        <li key={one.path}>
          <div className="row apart">
            <code className="wrap">{one.path}</code>
            {one.ignoredBy === null && mayWrite && (
              <Link
                className="button slim"
                href={`${deploymentPath(deployment.group.name, deployment.releaseName)}/edit`}
                state={{
                  ignore: { kind: resource.kind, group: groupOf(resource.apiVersion), paths: [one.path] },
                }}
              >
                Ignore this field
              </Link>
            )}
          </div>
          <dl className="facts">
            <div>
              <dt>Wanted</dt>
              <dd className="mono wrap">{inWords(one.wanted ?? undefined)}</dd>
            </div>
            <div>
              <dt>Live</dt>
              <dd className="mono wrap">{inWords(one.live ?? undefined)}</dd>
            </div>
            <div>
              <dt>Changed by</dt>
              <dd className="wrap">
                {one.changedBy ?? "unknown"} {one.changedAt && <Ago at={one.changedAt} />}
              </dd>
            </div>
            {one.ignoredBy !== null && (
              <div>
                <dt>Ignored by</dt>
                <dd className="wrap">{one.ignoredBy}</dd>
              </div>
            )}
          </dl>
        </li>
      ))}
    </ul>
  );
}
