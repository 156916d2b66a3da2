import type { DeploymentDetailQuery } from "../graphql";

/** A deployment and its targets, as the page of a deployment queries them. */
export type Deployment = NonNullable<DeploymentDetailQuery["deployment"]>;
export type Target = Deployment["targets"][number];
