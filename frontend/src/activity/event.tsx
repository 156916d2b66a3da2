import { Link } from "wouter";
import type { EventLineFragment } from "../graphql";
import { clusterPath, deploymentPath, groupPath, targetPath } from "../parts/address";
import { Ago } from "../parts/time";

/** One event, with a link to its object if that still exists. */
export function EventLine({ event }: { event: EventLineFragment }) {
  const path = subjectPath(event.subject);
  return (
    <li className="event" data-kind={event.kind}>
      <span className="soft small">
        <Ago at={event.at} />
      </span>
      <span className="wrap">{path ? <Link href={path}>{event.message}</Link> : event.message}</span>
      <span className="soft small">
        <span className="tag">{event.kind}</span> {event.actor && `by ${event.actor}`}
      </span>
    </li>
  );
}

function subjectPath(subject: EventLineFragment["subject"]): string | null {
  switch (subject?.__typename) {
    case "Cluster":
      return clusterPath(subject.name);
    case "ClusterGroup":
      return groupPath(subject.name);
    case "Secret":
      return "/settings/secrets";
    case "Deployment":
      return deploymentPath(subject.home.name, subject.releaseName);
    case "DeploymentTarget": {
      const { group, releaseName } = subject.deployment;
      return targetPath(group.name, releaseName, subject.clusterName);
    }
    case "Operation":
      return (
        subject.about &&
        `${deploymentPath(subject.about.group.name, subject.about.releaseName)}?tab=operations`
      );
    default:
      return null;
  }
}
