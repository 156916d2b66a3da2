import type { DriftState, Health, TargetResourcesQuery, TargetTreeQuery } from "../graphql";

type OfTarget<Query extends { node: unknown }> = Extract<
  NonNullable<Query["node"]>,
  { __typename: "DeploymentTarget" }
>;
export type Resource = OfTarget<TargetResourcesQuery>["resources"]["nodes"][number];
export type TreeNode = OfTarget<TargetTreeQuery>["tree"]["nodes"][number];
export type Container = TreeNode["containers"][number];

/** A row of the tree: the release, one of its objects, or a container of a pod. */
export type Item = {
  key: string;
  /** The key of the item above; null for the release. */
  parent: string | null;
  apiVersion: string;
  kind: string;
  namespace: string | null;
  name: string;
  health: Health;
  reason: string | null;
  message: string | null;
  /** Since when it has its health, or else since when it exists. */
  since: string | null;
  images: string[];
  restarts: number;
  drift: DriftState | null;
  containers: Container[];
  /** What is stored about it, for resources of the release. */
  resource: Resource | null;
  /** For rows of containers. */
  container: Container | null;
};

export type Row = { item: Item; level: number; place: number; count: number; isOpen: boolean | null };

export const ROOT = "";
/** With more rows than this, objects below healthy ones are hidden at first. */
const FEW = 60;

export function groupOf(apiVersion: string): string {
  const [group, version] = apiVersion.split("/");
  return version === undefined ? "" : group!;
}

export function keyOf(object: {
  apiVersion: string;
  kind: string;
  namespace: string | null;
  name: string;
}): string {
  return [groupOf(object.apiVersion), object.kind, object.namespace ?? "", object.name].join("/");
}

/** The items of a target: stored resources, joined with what was read from the cluster. Each comes after its parent. */
export function itemsOf(
  release: { name: string; health: Health; since: string | null },
  resources: Resource[],
  nodes: TreeNode[],
): Item[] {
  const read = new Map(nodes.map((node) => [node.key, node]));
  const stored = new Set(resources.map(keyOf));
  const root = { ...EMPTY, key: ROOT, parent: null, kind: "Release", ...release };
  return [
    root,
    ...resources.map((resource) => ofResource(resource, read.get(keyOf(resource)))),
    ...nodes
      .filter((node) => !stored.has(node.key))
      .flatMap((node) => [ofNode(node), ...node.containers.map((one) => ofContainer(node, one))]),
  ];
}

const EMPTY = {
  apiVersion: "",
  namespace: null,
  reason: null,
  message: null,
  since: null,
  images: [],
  restarts: 0,
  drift: null,
  containers: [],
  resource: null,
  container: null,
};

function ofResource(resource: Resource, node: TreeNode | undefined): Item {
  const { apiVersion, kind, namespace, name, health, reason, message, since, images, drift } = resource;
  const found = { apiVersion, kind, namespace, name, health, reason, message, since, images, drift };
  const containers = node?.containers ?? [];
  return { ...EMPTY, ...found, key: keyOf(resource), parent: ROOT, containers, resource };
}

function ofNode(node: TreeNode): Item {
  const { key, apiVersion, kind, namespace, name, health, reason, message, containers } = node;
  return {
    ...EMPTY,
    ...{ key, apiVersion, kind, namespace, name, health, reason, message, containers },
    parent: node.parent ?? ROOT,
    since: node.createdAt,
    images: [...new Set(containers.map((one) => one.image))],
    restarts: containers.reduce((sum, one) => sum + one.restarts, 0),
  };
}

function ofContainer(pod: TreeNode, container: Container): Item {
  return {
    ...EMPTY,
    key: `${pod.key}/${container.name}`,
    parent: pod.key,
    kind: container.init ? "Init container" : "Container",
    name: container.name,
    health: healthOf(container),
    reason: container.reason,
    message: container.message,
    images: [container.image],
    restarts: container.restarts,
    container,
  };
}

function healthOf({ state, ready, exitCode, reason }: Container): Health {
  if (state === "TERMINATED") return exitCode === 0 ? "HEALTHY" : "DEGRADED";
  if (state === "RUNNING") return ready ? "HEALTHY" : "PROGRESSING";
  if (state === "WAITING") return /BackOff|Err/.test(reason ?? "") ? "DEGRADED" : "PROGRESSING";
  return "UNKNOWN";
}

export type Filter = { text: string; health: Health[]; isDrifted: boolean };

/** Whether an object is shown on its own account, not only because of what is below it. */
export function matches(item: Item, { text, health, isDrifted }: Filter): boolean {
  if (health.length > 0 && (item.key === ROOT || !health.includes(item.health))) return false;
  if (isDrifted && item.drift !== "DRIFTED" && item.drift !== "MISSING") return false;
  const sought = text.toLowerCase();
  return [item.kind, item.name, item.namespace ?? "", ...item.images].some((word) =>
    word.toLowerCase().includes(sought),
  );
}

/**
 * The rows that are shown, in the order of the tree. `opened` has what the user has opened or closed; all else is open if
 * the tree is small or if something below is not healthy. With a filter, the ways to what matches are open.
 */
export function rowsOf(items: Item[], opened: ReadonlyMap<string, boolean>, filter: Filter): Row[] {
  const below = new Map<string | null, Item[]>();
  for (const item of items) {
    const others = below.get(item.parent);
    if (others) others.push(item);
    else below.set(item.parent, [item]);
  }
  const isNarrow = filter.text !== "" || filter.health.length > 0 || filter.isDrifted;
  const wanted = new Set<string>();
  const ill = new Set<string>();
  const byKey = new Map(items.map((item) => [item.key, item]));
  for (const item of items) {
    if (isNarrow && matches(item, filter)) mark(wanted, item, byKey);
    if (item.health !== "HEALTHY") mark(ill, item, byKey);
  }
  const rows: Row[] = [];
  function add(parent: string | null, level: number): void {
    const shown = (below.get(parent) ?? []).filter((item) => !isNarrow || wanted.has(item.key));
    shown.forEach((item, index) => {
      const inside = (below.get(item.key) ?? []).filter((one) => !isNarrow || wanted.has(one.key));
      const isOpen =
        inside.length === 0
          ? null
          : (opened.get(item.key) ??
            (item.key === ROOT || isNarrow || items.length <= FEW || ill.has(item.key)));
      rows.push({ item, level, place: index + 1, count: shown.length, isOpen });
      if (isOpen) add(item.key, level + 1);
    });
  }
  add(null, 1);
  return rows;
}

/** Adds an item and everything above it. */
function mark(marked: Set<string>, item: Item, byKey: Map<string, Item>): void {
  for (let at: Item | undefined = item; at && !marked.has(at.key); at = byKey.get(at.parent ?? "-"))
    marked.add(at.key);
}

/** What a key does in the tree: it moves the focus to a row, or opens or closes one. */
export function step(rows: Row[], from: string, key: string): { focus: string } | { open: boolean } | null {
  const at = rows.findIndex(({ item }) => item.key === from);
  const row = rows[at];
  if (!row) return null;
  const to = (index: number) => ({ focus: rows[Math.max(0, Math.min(index, rows.length - 1))]!.item.key });
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at - 1);
    case "PageDown":
      return to(at + 10);
    case "PageUp":
      return to(at - 10);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      if (row.isOpen === null) return null;
      return row.isOpen ? to(at + 1) : { open: true };
    case "ArrowLeft":
      if (row.isOpen) return { open: false };
      return row.item.parent === null ? null : { focus: row.item.parent };
    default:
      return null;
  }
}
