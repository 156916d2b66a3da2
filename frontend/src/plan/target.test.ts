import { expect, test } from "vitest";
import { groupsOf, outlook, type Planned } from "./target";

const planned = (clusterName: string, found: Partial<Planned> = {}): Planned => ({
  clusterName,
  action: "NONE",
  error: null,
  warnings: [],
  reasons: [],
  manifestDiff: null,
  ...found,
});
const names = (targets: Planned[]) =>
  groupsOf(targets).map((group) => group.map((each) => each.clusterName).join());

test("clusters with an equal error are one group, and all others are on their own", () => {
  const error = { code: "helm_failed", message: "There is no database.", output: null };
  const other = { ...error, message: "There is no room." };
  expect(
    names([
      planned("berlin", { error }),
      planned("lima"),
      planned("oslo", { error: other }),
      planned("paris", { error }),
      planned("rome"),
      planned("tokyo", { error, manifestDiff: "a diff" }),
    ]),
  ).toEqual(["berlin,paris", "lima", "oslo", "rome", "tokyo"]);
});

test("a target that nothing can be done on is unknown where its cluster is unreachable", () => {
  expect(outlook({ action: "NONE", error: { code: "cluster_unreachable" } })[0]).toBe("Unknown");
  expect(outlook({ action: "NONE", error: { code: "helm_failed" } })[0]).toBe("Not possible");
  expect(outlook({ action: "UPGRADE", error: null })[0]).toBe("Upgrade");
});
