import type { PlanDetailQuery } from "../graphql";

export type Plan = NonNullable<PlanDetailQuery["plan"]>;
