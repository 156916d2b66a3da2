import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { useOrganization } from "../api/session";
import { FleetSummaryDocument, type TargetStatus } from "../graphql";

const NEEDS_ATTENTION: TargetStatus[] = ["FAILED", "STALE", "UNKNOWN", "NOT_INSTALLED"];

export type Attention = { count: number; words: string };

/** What needs attention, by the path of its place. The answer is that of the fleet's page without a filter. */
export function useAttention(): Map<string, Attention> {
  const { asked, refresh } = useAnswer(FleetSummaryDocument, { organization: useOrganization(), filter: {} });
  useRefresh("target deployment cluster cluster_group", refresh);
  const count = (asked.data?.fleet.statusCounts ?? [])
    .filter(({ status }) => NEEDS_ATTENTION.includes(status))
    .reduce((sum, found) => sum + found.count, 0);
  if (count === 0) return new Map();
  return new Map([
    ["/", { count, words: `${count} ${count === 1 ? "target needs" : "targets need"} attention` }],
  ]);
}
