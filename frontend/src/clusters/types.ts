import type { GroupDetailQuery } from "../graphql";

/** A cluster group, as its page queries it. */
export type Group = NonNullable<GroupDetailQuery["clusterGroup"]>;
