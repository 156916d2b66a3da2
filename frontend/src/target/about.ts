import type { Target } from "../deployment/types";
import type { TargetDetailQuery } from "../graphql";

/** The target that a page is about, its deployment, and the page's path. */
export type About = {
  deployment: NonNullable<TargetDetailQuery["deployment"]>;
  target: Target;
  path: string;
};
