import { expect, it } from "vitest";
import { type Filter, itemsOf, keyOf, type Resource, rowsOf, step, type TreeNode } from "./tree";

const ALL: Filter = { text: "", health: [], isDrifted: false };
const SINCE = "2026-11-30T12:00:00Z";

function resource(kind: string, apiVersion: string, more: Partial<Resource> = {}): Resource {
  return {
    ...{ apiVersion, kind, namespace: "default", name: "shop", origin: "MANIFEST", clusterName: "paris" },
    ...{ health: "HEALTHY", reason: null, message: null, since: SINCE, images: [], addresses: [] },
    ...{ drift: "OFF", driftReason: null, differences: [], differencesLeftOut: 0 },
    ...more,
  };
}

function node(key: string, parent: string | null, more: Partial<TreeNode> = {}): TreeNode {
  const [group, kind, namespace, name] = key.split("/") as [string, string, string, string];
  return {
    ...{ key, parent, apiVersion: group ? `${group}/v1` : "v1", kind, namespace, name },
    ...{ health: "HEALTHY", reason: null, message: null, createdAt: SINCE, containers: [] },
    ...more,
  };
}

const CONTAINER: TreeNode["containers"][number] = {
  ...{ name: "web", image: "registry.test/web:1.0", init: false, state: "WAITING", ready: false },
  ...{ restarts: 4, reason: "CrashLoopBackOff", message: null, exitCode: null, previousExitCode: 1 },
};
const WORKLOAD = "apps/Deployment/default/shop";
const SET = "apps/ReplicaSet/default/shop-1";
const POD = "/Pod/default/shop-1-x";
const RESOURCES = [
  resource("ConfigMap", "v1", { drift: "DRIFTED" }),
  resource("Deployment", "apps/v1", { health: "DEGRADED", images: ["registry.test/web:1.0"] }),
];
const NODES = [
  node("/ConfigMap/default/shop", null),
  node(WORKLOAD, null),
  node(SET, WORKLOAD),
  node(POD, SET, { health: "DEGRADED", containers: [CONTAINER] }),
];
const ITEMS = itemsOf({ name: "shop", health: "DEGRADED", since: SINCE }, RESOURCES, NODES);
const CLOSED = new Map<string, boolean>();

function shown(rows: ReturnType<typeof rowsOf>): string[] {
  return rows.map(({ item, level }) => `${level} ${item.kind} ${item.name}`);
}

it("leads from the release to containers", () => {
  expect(shown(rowsOf(ITEMS, CLOSED, ALL))).toEqual([
    "1 Release shop",
    "2 ConfigMap shop",
    "2 Deployment shop",
    "3 ReplicaSet shop-1",
    "4 Pod shop-1-x",
    "5 Container web",
  ]);
  const [, config, workload, , pod, container] = ITEMS;
  expect(config!.resource).toBe(RESOURCES[0]);
  expect(workload!.key).toBe(keyOf(RESOURCES[1]!));
  expect([pod!.restarts, pod!.images]).toEqual([4, ["registry.test/web:1.0"]]);
  expect([container!.health, container!.reason]).toEqual(["DEGRADED", "CrashLoopBackOff"]);
});

it("shows the stored resources of a cluster that cannot be read", () => {
  expect(
    shown(rowsOf(itemsOf({ name: "shop", health: "UNKNOWN", since: null }, RESOURCES, []), CLOSED, ALL)),
  ).toEqual(["1 Release shop", "2 ConfigMap shop", "2 Deployment shop"]);
});

it("shows what matches a filter with all that is above it", () => {
  expect(shown(rowsOf(ITEMS, CLOSED, { ...ALL, text: "pod" }))).toEqual([
    "1 Release shop",
    "2 Deployment shop",
    "3 ReplicaSet shop-1",
    "4 Pod shop-1-x",
  ]);
  expect(shown(rowsOf(ITEMS, CLOSED, { ...ALL, isDrifted: true }))).toEqual([
    "1 Release shop",
    "2 ConfigMap shop",
  ]);
  expect(shown(rowsOf(ITEMS, CLOSED, { ...ALL, health: ["SUSPENDED"] }))).toEqual([]);
});

it("opens a large tree only where something is not healthy", () => {
  const healthy = Array.from({ length: 60 }, (_, index) =>
    resource("Deployment", "apps/v1", { name: `other-${index}` }),
  );
  const nodes = [...NODES, node("apps/ReplicaSet/default/other-0-1", "apps/Deployment/default/other-0")];
  const items = itemsOf({ name: "shop", health: "DEGRADED", since: null }, [...RESOURCES, ...healthy], nodes);
  const kinds = rowsOf(items, CLOSED, ALL).map(({ item }) => item.name);
  expect(kinds).toContain("shop-1-x");
  expect(kinds).not.toContain("other-0-1");
  const opened = new Map([["apps/Deployment/default/other-0", true]]);
  expect(rowsOf(items, opened, ALL).map(({ item }) => item.name)).toContain("other-0-1");
});

it("moves and opens by keys", () => {
  const rows = rowsOf(ITEMS, new Map([[WORKLOAD, false]]), ALL);
  expect(step(rows, "", "ArrowDown")).toEqual({ focus: "/ConfigMap/default/shop" });
  expect(step(rows, "", "ArrowUp")).toEqual({ focus: "" });
  expect(step(rows, "", "End")).toEqual({ focus: WORKLOAD });
  expect(step(rows, WORKLOAD, "ArrowRight")).toEqual({ open: true });
  expect(step(rows, WORKLOAD, "ArrowLeft")).toEqual({ focus: "" });
  expect(step(rows, "", "ArrowLeft")).toEqual({ open: false });
  expect(step(rows, "/ConfigMap/default/shop", "ArrowRight")).toBeNull();
  expect(step(rows, "", "x")).toBeNull();
});
