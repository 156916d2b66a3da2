import { expect, test } from "vitest";
import { CHANGES, EMBEDDED, KEYED } from "./relations";

test("types without an identity are embedded, connections and payloads included", () => {
  expect(EMBEDDED).toEqual(
    expect.arrayContaining(["Fleet", "PageInfo", "PlannedTargetEdge", "SecretPayload"]),
  );
  for (const name of ["Deployment", "Plan", ...Object.keys(KEYED)]) expect(EMBEDDED).not.toContain(name);
});

test("a mutation changes the queries that list what it answers with", () => {
  expect(CHANGES.createSecret).toEqual(["secrets", "secret"]);
  expect(CHANGES.approvePlan).toEqual(["plan", "plans"]);
  expect(CHANGES.createDeployment).toEqual(
    expect.arrayContaining(["deployments", "deployment", "fleet", "clusterGroup"]),
  );
});

test("a mutation that answers with no object changes the queries of the type in its name", () => {
  expect(CHANGES.deleteSecret).toEqual(["secrets", "secret"]);
  expect(CHANGES.revokeApiToken).toEqual(["apiTokens"]);
  expect(CHANGES.removeCluster).toEqual(
    expect.arrayContaining(["clusters", "cluster", "clusterGroups", "clusterGroup", "fleet"]),
  );
});

test("a plan does not have lists of deployments asked again", () => {
  expect(CHANGES.planDeployment).toEqual(["planProgress", "plan", "plans"]);
});
