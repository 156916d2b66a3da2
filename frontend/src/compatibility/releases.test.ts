import { expect, test } from "vitest";
import { changeOf, versionsThrough } from "./releases";

test("the versions to choose from begin with the newest", () => {
  expect(versionsThrough("1.18")).toEqual(["1.18", "1.17", "1.16"]);
  expect(versionsThrough("2.0")).toEqual(["2.0"]);
});

test("an object without a replacement says so", () => {
  const budget = { kind: "PodDisruptionBudget", namespace: null, name: "web", origin: "MANIFEST" as const };
  const old = { ...budget, state: "REMOVED" as const, removedIn: "1.25", deprecatedIn: "1.21" };
  const from = { ...old, apiVersion: "policy/v1beta1" };
  expect(changeOf({ ...from, replacement: "policy/v1" })).toBe(
    "PodDisruptionBudget web: policy/v1beta1 → policy/v1",
  );
  expect(changeOf({ ...from, replacement: null })).toContain("no replacement");
});
