import type { WorkflowRunDetailFragment } from "../graphql";

export type Run = WorkflowRunDetailFragment;
export type StepRun = Run["steps"]["nodes"][number];
/** Who looks at a run, and what they may do in the organization. */
export type Viewer = { name: string; permissions: string[] };
