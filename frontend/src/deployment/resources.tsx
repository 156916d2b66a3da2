import { useState } from "react";
import { useQuery } from "urql";
import { useRefresh } from "../api/live";
import { TargetResourcesDocument, type TargetResourcesQuery } from "../graphql";
import { Answer } from "../parts/states";
import { HealthMark } from "../parts/status";
import { Since } from "../parts/time";

type Resource = Extract<
  NonNullable<TargetResourcesQuery["node"]>,
  { __typename: "DeploymentTarget" }
>["resources"]["nodes"][number];

/** The objects of a release on one cluster, loaded when they are opened. */
export function Resources({ target, cluster }: { target: string; cluster: string }) {
  const [isOpen, open] = useState(false);
  const [asked, ask] = useQuery({
    query: TargetResourcesDocument,
    variables: { id: target },
    pause: !isOpen,
    requestPolicy: "cache-and-network",
  });
  useRefresh("target", () => {
    if (isOpen) ask({ requestPolicy: "network-only" });
  });
  return (
    <details onToggle={(event) => open(event.currentTarget.open)}>
      <summary className="soft small">Resources</summary>
      {isOpen && (
        <Answer asked={asked} retry={ask}>
          {({ node }) =>
            node?.__typename === "DeploymentTarget" && node.resources.nodes.length > 0 ? (
              <>
                <ResourceTable resources={node.resources.nodes} cluster={cluster} />
                {(node.resources.pageInfo.hasNextPage || node.resourcesLeftOut > 0) && (
                  <p className="soft small">
                    Only the first {node.resources.nodes.length} resources are shown.
                  </p>
                )}
              </>
            ) : (
              <p className="soft small">No resources.</p>
            )
          }
        </Answer>
      )}
    </details>
  );
}

function ResourceTable({ resources, cluster }: { resources: Resource[]; cluster: string }) {
  return (
    <div className="table folds">
      <table aria-label={`Resources on ${cluster}`}>
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col">Name</th>
            <th scope="col">Health</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          {resources.map((resource) => (
            <tr key={`${resource.kind}/${resource.namespace}/${resource.name}`}>
              <td data-label="kind">
                {resource.kind}
                {resource.origin !== "MANIFEST" && (
                  <span className="tag">{resource.origin.toLowerCase()}</span>
                )}
              </td>
              <th scope="row" className="mono wrap" data-label="name">
                {resource.name}
              </th>
              <td data-label="health">
                <HealthMark health={resource.health} />{" "}
                <span className="soft small">
                  for <Since at={resource.since} />
                </span>
              </td>
              <td className="wrap small" data-label="details">
                {resource.health !== "HEALTHY" && <p>{resource.message ?? resource.reason}</p>}
                {[...resource.images, ...resource.addresses].map((text) => (
                  <p key={text} className="mono soft">
                    {text}
                  </p>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
