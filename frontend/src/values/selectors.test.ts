import { expect, it } from "vitest";
import { asConditions, EVERY, selectorOf, wordsOf } from "./selectors";

it("reads conditions as they are written in a form, and writes them again", () => {
  const conditions = {
    labels: "tier=production, size=small|medium",
    cloud: "amazon",
    region: "eu-west-3|eu-central-1",
    distribution: "",
    kubernetesVersion: ">=1.30",
  };
  const selector = {
    labels: { tier: ["production"], size: ["small", "medium"] },
    cloud: ["amazon"],
    region: ["eu-west-3", "eu-central-1"],
    distribution: [],
    kubernetesVersion: ">=1.30",
  };
  expect(selectorOf(conditions)).toEqual({ selector });
  expect(asConditions(selector)).toEqual(conditions);
  expect(asConditions({ ...selector, labels: { tier: "production", size: ["small", "medium"] } })).toEqual(
    conditions,
  );
  expect(wordsOf(conditions)).toBe(
    "tier=production, size=small|medium, amazon, eu-west-3|eu-central-1, >=1.30",
  );
});

it("takes no condition for every cluster, and says what is not a label", () => {
  expect(selectorOf(EVERY)).toEqual({
    selector: { labels: {}, cloud: [], region: [], distribution: [], kubernetesVersion: null },
  });
  expect(wordsOf(EVERY)).toBe("every cluster");
  expect(selectorOf({ ...EVERY, labels: "tier" })).toEqual({
    problem: "“tier” is not a label: write tier=production, size=small|medium",
  });
  expect(selectorOf({ ...EVERY, labels: "a=1, a=2" })).toEqual({ problem: "The label a is given twice." });
});
