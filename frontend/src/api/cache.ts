import { type Cache, cacheExchange, type Data, type KeyingConfig } from "@urql/exchange-graphcache";
import introspection from "../introspection.json";

/** What has no id of its own is kept with what it belongs to. */
const EMBEDDED = [
  ...["Fleet", "PageInfo", "StatusCount", "StatusReason", "TargetError", "ValueOverride", "OperationResult"],
  ...["DeploymentRevision", "GroupFeature", "HelmRelease", "ChartVersion", "DeploymentPlan", "TargetPlan"],
  ...["ClusterSelection", "ClusterSelector", "SelectorOverride", "PendingMembership", "PlanWarning"],
  ...["ValueOrigin", "HiddenValue", "ValueLayer", "TargetComparison", "ValueDifference", "ComparedValue"],
  ...["HealthReason", "HealthCount", "DriftCount", "TargetDrift", "ObjectDifference", "FieldDifference"],
  ...[
    "LiveResource",
    "LiveObject",
    "ObjectEvent",
    "ResourceTree",
    "TreeNode",
    "Container",
    "DriftIgnoreRule",
  ],
  ...[
    "SuggestedIgnoreRule",
    "LogBatch",
    "LogEntry",
    "AbandonedObject",
    "Activity",
    "AbandonedRelease",
    "Problem",
  ],
  ...["ActionCount", "PlanBlocker", "PlanComment", "PlannedTarget", "ChartNotice", "Removal", "Change"],
  ...["YamlReading", "SignInOptions", "SignInProvider", "ValueFrom"],
  ...[
    "Cluster",
    "ClusterGroup",
    "Deployment",
    "DeploymentRevision",
    "Event",
    "LiveResource",
    "Operation",
    "Secret",
    "Plan",
    "PlannedTarget",
  ].flatMap((name) => [`${name}Connection`, `${name}Edge`]),
];

const keys: KeyingConfig = {
  ...Object.fromEntries(EMBEDDED.map((name) => [name, () => null])),
  Event: (event: Data) => event.cursor as string,
  Chart: (chart: Data) => `${chart.repository}/${chart.name}`,
  ApiToken: (token: Data) => token.name as string,
  Membership: (membership: Data) => membership.organization as string,
};

/** Lists that a mutation may have changed: they are asked for again where a page shows them. */
const CHANGES: Record<string, string[]> = {
  registerCluster: ["clusters", "cluster", "fleet"],
  removeCluster: ["clusters", "cluster", "clusterGroups", "clusterGroup", "fleet"],
  createClusterGroup: ["clusterGroups", "clusterGroup", "clusters", "fleet"],
  updateClusterGroup: ["selectClusters", "clusterGroups", "clusterGroup", "clusters", "cluster", "fleet"],
  deleteClusterGroup: ["clusterGroups", "clusterGroup", "clusters", "cluster", "fleet"],
  addChartRepository: ["chartRepositories", "charts"],
  removeChartRepository: ["chartRepositories", "charts"],
  refreshChartRepository: ["chartRepositories", "charts", "chart"],
  uploadChart: ["chartRepositories", "charts", "chart"],
  updateCluster: ["selectClusters"],
  createDeployment: ["deployments", "deployment", "fleet", "clusterGroup"],
  updateDeployment: ["deployment", "fleet"],
  reconcileDeployment: ["deployment"],
  deleteDeployment: ["deployments", "deployment", "fleet"],
  createSecret: ["secrets"],
  deleteSecret: ["secrets"],
  createApiToken: ["apiTokens"],
  revokeApiToken: ["apiTokens"],
  revokeSession: ["sessions"],
  signOut: ["sessions"],
  setPassword: ["sessions", "viewer"],
};

function forget(cache: Cache, fields: string[]): void {
  for (const found of cache.inspectFields("Query")) {
    if (fields.includes(found.fieldName)) cache.invalidate("Query", found.fieldKey);
  }
}

export function normalisedCache() {
  return cacheExchange({
    // biome-ignore lint/suspicious/noExplicitAny: the type of a JSON file is wider than what it holds
    schema: introspection as any,
    keys,
    updates: {
      Mutation: Object.fromEntries(
        Object.entries(CHANGES).map(([mutation, fields]) => [
          mutation,
          (_result: Data, given: { input?: { dryRun?: boolean } }, cache: Cache) => {
            if (!given.input?.dryRun) forget(cache, fields);
          },
        ]),
      ),
    },
  });
}
